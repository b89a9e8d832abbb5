with source as (

    {{ select_moodle_columns(
        'forum',
        {
            'id': 'bigint',
            'course': 'bigint',
            'type': 'text',
            'name': 'text',
            'duedate': 'bigint',
            'cutoffdate': 'bigint',
            'assessed': 'bigint',
            'scale': 'bigint',
            'grade_forum': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id']
    ) }}

),

renamed as (

    select
        id as forum_id,
        course as course_id,
        type as forum_type,
        name,
        assessed as rating_aggregation,
        scale,
        grade_forum as whole_forum_grade,
        {{ epoch_to_timestamp('duedate') }} as due_at,
        {{ epoch_to_timestamp('cutoffdate') }} as cutoff_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
