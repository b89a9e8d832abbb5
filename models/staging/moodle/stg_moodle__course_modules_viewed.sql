with source as (

    {{ select_moodle_columns(
        'course_modules_viewed',
        {
            'id': 'bigint',
            'coursemoduleid': 'bigint',
            'userid': 'bigint',
            'timecreated': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as view_id,
        coursemoduleid as course_module_id,
        userid as user_id,
        {{ epoch_to_timestamp('timecreated') }} as viewed_at
    from source

)

select * from renamed
