with source as (

    {{ select_moodle_columns(
        'quiz',
        {
            'id': 'bigint',
            'course': 'bigint',
            'name': 'text',
            'timeopen': 'bigint',
            'timeclose': 'bigint',
            'attempts': 'bigint',
            'grademethod': 'bigint',
            'sumgrades': 'numeric',
            'grade': 'numeric',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as quiz_id,
        course as course_id,
        name,
        attempts as max_attempts,
        grademethod as grade_method,
        sumgrades as sum_grades,
        grade,
        {{ epoch_to_timestamp('timeopen') }} as opens_at,
        {{ epoch_to_timestamp('timeclose') }} as closes_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
