with source as (

    {{ select_moodle_columns(
        'role_assignments',
        {
            'id': 'bigint',
            'roleid': 'bigint',
            'contextid': 'bigint',
            'userid': 'bigint',
            'component': 'text',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as role_assignment_id,
        roleid as role_id,
        contextid as context_id,
        userid as user_id,
        component,
        {{ epoch_to_timestamp('timemodified') }} as assigned_at
    from source

)

select * from renamed
