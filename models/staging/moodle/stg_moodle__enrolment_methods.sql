with source as (

    {{ select_moodle_columns(
        'enrol',
        {
            'id': 'bigint',
            'enrol': 'text',
            'status': 'bigint',
            'courseid': 'bigint',
            'roleid': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as enrolment_method_id,
        courseid as course_id,
        roleid as default_role_id,
        enrol as enrolment_plugin,
        status = 0 as is_enabled,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
