with source as (

    {{ select_moodle_columns(
        'assign_submission',
        {
            'id': 'bigint',
            'assignment': 'bigint',
            'userid': 'bigint',
            'groupid': 'bigint',
            'status': 'text',
            'attemptnumber': 'bigint',
            'latest': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as submission_id,
        assignment as assignment_id,
        userid as user_id,
        groupid as group_id,
        status,
        latest = 1 as is_latest,
        attemptnumber as attempt_number,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
