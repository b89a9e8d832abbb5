with source as (

    {{ select_moodle_columns(
        'model_card',
        {
            'model_version': 'text',
            'method': 'text',
            'algorithm': 'text',
            'label': 'text',
            'trained_at': 'timestamp with time zone',
            'trained_through': 'timestamp with time zone',
            'n_train': 'bigint',
            'n_train_weeks': 'bigint',
            'base_rate': 'numeric(5, 4)',
            'training_courses': 'text',
            'thresholds': 'text',
            'measures': 'text',
            'groups': 'text',
            'challenger': 'text'
        },
        required=['model_version'],
        is_optional=true,
        source_name='predictions'
    ) }}

),

renamed as (

    select
        model_version,
        method as score_method,
        algorithm,
        label as predicted_label,
        n_train as trained_learner_count,
        n_train_weeks as trained_week_count,
        base_rate as base_rate_share,
        training_courses,
        thresholds,
        measures,
        groups as group_measures,
        challenger,
        trained_at,
        trained_through
    from source

)

select * from renamed
