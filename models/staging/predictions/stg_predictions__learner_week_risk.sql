with source as (

    {{ select_moodle_columns(
        'learner_week_risk',
        {
            'learner_id': 'bigint',
            'course_id': 'bigint',
            'week_start': 'date',
            'course_week': 'bigint',
            'method': 'text',
            'probability': 'numeric(5, 4)',
            'rule_score': 'numeric(5, 4)',
            'band': 'text',
            'is_inactive_now': 'boolean',
            'reason_1_code': 'text',
            'reason_1_text': 'text',
            'reason_1_contribution': 'numeric',
            'reason_2_code': 'text',
            'reason_2_text': 'text',
            'reason_2_contribution': 'numeric',
            'reason_3_code': 'text',
            'reason_3_text': 'text',
            'reason_3_contribution': 'numeric',
            'model_version': 'text',
            'trained_through': 'timestamp with time zone',
            'n_train': 'bigint',
            'scored_at': 'timestamp with time zone'
        },
        required=['learner_id', 'course_id', 'week_start', 'model_version'],
        is_optional=true,
        source_name='predictions'
    ) }}

),

renamed as (

    select
        {{ row_key([
            'learner_id',
            'course_id',
            'week_start',
            'model_version'
        ]) }} as learner_week_risk_id,
        learner_id,
        course_id,
        week_start,
        course_week,
        model_version,
        method as score_method,
        band as raw_band,
        is_inactive_now,
        probability,
        rule_score,
        reason_1_code,
        reason_1_text,
        reason_1_contribution,
        reason_2_code,
        reason_2_text,
        reason_2_contribution,
        reason_3_code,
        reason_3_text,
        reason_3_contribution,
        n_train as trained_learner_count,
        trained_through,
        scored_at
    from source

)

select * from renamed
