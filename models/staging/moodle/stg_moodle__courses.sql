with source as (

    {{ select_moodle_columns(
        'course',
        {
            'id': 'bigint',
            'category': 'bigint',
            'fullname': 'text',
            'shortname': 'text',
            'idnumber': 'text',
            'format': 'text',
            'visible': 'bigint',
            'enablecompletion': 'bigint',
            'startdate': 'bigint',
            'enddate': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id']
    ) }}

),

renamed as (

    select
        id as course_id,
        category as category_id,
        fullname as full_name,
        shortname as short_name,
        idnumber as id_number,
        format,
        visible = 1 as is_visible,
        enablecompletion = 1 as has_completion_tracking,
        {{ epoch_to_timestamp('startdate') }} as start_at,
        {{ epoch_to_timestamp('enddate') }} as end_at,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
