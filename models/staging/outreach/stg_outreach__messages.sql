with source as (

    {{ select_moodle_columns(
        'messages',
        {
            'message_id': 'text',
            'kind': 'text',
            'queue_id': 'text',
            'learner_id': 'bigint',
            'course_id': 'bigint',
            'course_module_id': 'bigint',
            'week_start': 'date',
            'reason': 'text',
            'channel': 'text',
            'state': 'text',
            'attempt_count': 'bigint',
            'claimed_at': 'timestamp with time zone',
            'sent_at': 'timestamp with time zone'
        },
        required=['message_id'],
        is_optional=true,
        source_name='outreach'
    ) }}

),

renamed as (

    select
        message_id,
        queue_id,
        learner_id,
        course_id,
        course_module_id,
        kind as message_kind,
        reason,
        channel,
        state as delivery_state,
        attempt_count,
        week_start,
        claimed_at,
        sent_at as delivered_at
    from source

)

select * from renamed
