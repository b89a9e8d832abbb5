with source as (

    {{ select_moodle_columns(
        'course_modules_completion',
        {
            'id': 'bigint',
            'coursemoduleid': 'bigint',
            'userid': 'bigint',
            'completionstate': 'bigint',
            'viewed': 'bigint',
            'overrideby': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id', 'coursemoduleid', 'userid']
    ) }}

),

renamed as (

    select
        id as completion_id,
        coursemoduleid as course_module_id,
        userid as user_id,
        overrideby as overridden_by_user_id,
        completionstate as completion_state,
        viewed,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
