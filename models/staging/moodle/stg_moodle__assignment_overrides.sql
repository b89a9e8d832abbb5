with source as (

    {{ select_moodle_columns(
        'assign_overrides',
        {
            'id': 'bigint',
            'assignid': 'bigint',
            'userid': 'bigint',
            'groupid': 'bigint',
            'sortorder': 'bigint',
            'duedate': 'bigint',
            'cutoffdate': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as override_id,
        assignid as assignment_id,
        userid as user_id,
        groupid as group_id,
        duedate is not null as overrides_due_date,
        sortorder as sort_order,
        {{ epoch_to_timestamp('duedate') }} as due_at,
        {{ epoch_to_timestamp('cutoffdate') }} as cutoff_at
    from source

)

select * from renamed
