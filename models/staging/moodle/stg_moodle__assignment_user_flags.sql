with source as (

    {{ select_moodle_columns(
        'assign_user_flags',
        {
            'id': 'bigint',
            'assignment': 'bigint',
            'userid': 'bigint',
            'extensionduedate': 'bigint',
            'workflowstate': 'text'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as user_flag_id,
        assignment as assignment_id,
        userid as user_id,
        workflowstate as workflow_state,
        {{ epoch_to_timestamp('extensionduedate') }} as extension_due_at
    from source

)

select * from renamed
