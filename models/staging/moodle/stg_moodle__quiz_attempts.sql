with source as (

    {{ select_moodle_columns(
        'quiz_attempts',
        {
            'id': 'bigint',
            'quiz': 'bigint',
            'userid': 'bigint',
            'attempt': 'bigint',
            'preview': 'bigint',
            'state': 'text',
            'timestart': 'bigint',
            'timefinish': 'bigint',
            'timemodified': 'bigint',
            'sumgrades': 'numeric'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as quiz_attempt_id,
        quiz as quiz_id,
        userid as user_id,
        state,
        preview = 1 as is_preview,
        attempt as attempt_number,
        sumgrades as sum_grades,
        {{ epoch_to_timestamp('timestart') }} as started_at,
        {{ epoch_to_timestamp('timefinish') }} as finished_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
