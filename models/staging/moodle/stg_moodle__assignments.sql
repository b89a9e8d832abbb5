with source as (

    {{ select_moodle_columns(
        'assign',
        {
            'id': 'bigint',
            'course': 'bigint',
            'name': 'text',
            'nosubmissions': 'bigint',
            'submissiondrafts': 'bigint',
            'duedate': 'bigint',
            'cutoffdate': 'bigint',
            'allowsubmissionsfromdate': 'bigint',
            'grade': 'bigint',
            'teamsubmission': 'bigint',
            'requireallteammemberssubmit': 'bigint',
            'maxattempts': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as assignment_id,
        course as course_id,
        name,
        nosubmissions = 1 as takes_no_submission,
        submissiondrafts = 1 as needs_submit_button,
        teamsubmission = 1 as is_team_submission,
        requireallteammemberssubmit = 1 as requires_all_members,
        grade,
        maxattempts as max_attempts,
        {{ epoch_to_timestamp('duedate') }} as due_at,
        {{ epoch_to_timestamp('cutoffdate') }} as cutoff_at,
        {{ epoch_to_timestamp('allowsubmissionsfromdate') }} as opens_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
