with source as (

    {{ select_moodle_columns(
        'course_completions',
        {
            'id': 'bigint',
            'userid': 'bigint',
            'course': 'bigint',
            'timeenrolled': 'bigint',
            'timestarted': 'bigint',
            'timecompleted': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as course_completion_id,
        userid as user_id,
        course as course_id,
        {{ epoch_to_timestamp('timeenrolled') }} as enrolled_at,
        {{ epoch_to_timestamp('timestarted') }} as started_at,
        {{ epoch_to_timestamp('timecompleted') }} as completed_at
    from source

)

select * from renamed
