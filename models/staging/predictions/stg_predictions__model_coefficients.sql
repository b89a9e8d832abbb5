with source as (

    {{ select_moodle_columns(
        'model_coefficients',
        {
            'model_version': 'text',
            'feature': 'text',
            'median': 'double precision',
            'center': 'double precision',
            'scale': 'double precision',
            'coefficient': 'double precision',
            'week_coefficient': 'double precision',
            'missing_coefficient': 'double precision',
            'missing_week_coefficient': 'double precision'
        },
        required=['model_version', 'feature'],
        is_optional=true,
        source_name='predictions'
    ) }}

),

renamed as (

    select
        {{ row_key(['model_version', 'feature']) }} as model_coefficient_id,
        model_version,
        feature as feature_name,
        median as feature_median,
        center as feature_center,
        scale as feature_scale,
        coefficient,
        week_coefficient,
        missing_coefficient,
        missing_week_coefficient
    from source

)

select * from renamed
