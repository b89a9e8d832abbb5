with source as (

    {{ select_moodle_columns(
        'groups',
        {
            'id': 'bigint',
            'courseid': 'bigint',
            'idnumber': 'text',
            'name': 'text',
            'timecreated': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as group_id,
        courseid as course_id,
        idnumber as id_number,
        name,
        {{ epoch_to_timestamp('timecreated') }} as created_at
    from source

)

select * from renamed
