with source as (

    {{ select_moodle_columns(
        'quiz_overrides',
        {
            'id': 'bigint',
            'quiz': 'bigint',
            'userid': 'bigint',
            'groupid': 'bigint',
            'timeopen': 'bigint',
            'timeclose': 'bigint',
            'attempts': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as override_id,
        quiz as quiz_id,
        userid as user_id,
        groupid as group_id,
        timeclose is not null as overrides_close,
        attempts as max_attempts,
        {{ epoch_to_timestamp('timeopen') }} as opens_at,
        {{ epoch_to_timestamp('timeclose') }} as closes_at
    from source

)

select * from renamed
