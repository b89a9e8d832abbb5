{#
    One row per learner and activity with a deadline for this learner, or of which the learner handed
    in something: as it stands at the last log row. Leaves out activities without a date of which
    nothing was handed in, and deleted ones.
#}
with submissions as (

    select * from {{ ref('int_submissions') }}
    where due_at is not null or is_handed_in

),

activities as (

    select
        course_module_id,
        activity_name
    from {{ ref('dim_activities') }}

),

final as (

    select
        submissions.learner_id,
        submissions.course_id,
        submissions.course_module_id,
        submissions.module_name,
        activities.activity_name,
        submissions.deadline_source,
        submissions.submission_state,
        submissions.is_handed_in,
        submissions.is_missed,
        submissions.is_bookkeeping_date,
        submissions.is_visible,
        submissions.is_team_submission,
        submissions.is_due_while_enrolled,
        cast(submissions.attempt_count as integer) as attempt_count,
        cast(submissions.hours_before_due as numeric(12, 2)) as hours_before_due,
        submissions.due_at,
        submissions.submitted_at,
        submissions.handed_in_at
    from submissions
    left join activities
        on submissions.course_module_id = activities.course_module_id

)

select * from final
