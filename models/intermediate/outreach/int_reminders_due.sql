{#
    One row per learner, activity and offset of a reminder that is worth sending at the last log row
    or later. Before the deadline for what is open, after it for what is missing, at reminder_hour
    of the learner's own clock on the date that the offset gives; good until the next one is due.
    Leaves out hidden activities, what was handed in, what was due before the learner's start in the
    course, enrolments that are not active, and reminders whose time is over.
#}
with submissions as (

    select * from {{ ref('fct_submissions') }}
    where
        submission_state in ('open', 'missing')
        and is_visible
        and due_at is not null
        and not is_handed_in
        and is_due_while_enrolled

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}
    where is_active

),

learners as (

    select
        learner_id,
        timezone,
        language
    from {{ ref('dim_learners') }}

),

reminder_offsets as (

    select * from {{ ref('reminder_offsets') }}

),

log_end as (

    select max(observed_until_at) as last_log_at from {{ ref('int_weeks') }}

),

planned as (

    select
        submissions.learner_id,
        submissions.course_id,
        submissions.course_module_id,
        reminder_offsets.offset_code,
        reminder_offsets.offset_hours,
        submissions.submission_state,
        submissions.activity_name,
        learners.timezone,
        learners.language,
        submissions.due_at,
        {{ local_date('submissions.due_at', 'learners.timezone') }} as due_on,
        {{ local_date(
            add_hours('submissions.due_at', 'reminder_offsets.offset_hours'),
            'learners.timezone'
        ) }} as send_on
    from submissions
    inner join learner_courses
        on
            submissions.learner_id = learner_courses.learner_id
            and submissions.course_id = learner_courses.course_id
    inner join learners
        on submissions.learner_id = learners.learner_id
    inner join reminder_offsets
        on submissions.submission_state = reminder_offsets.submission_state

),

timed as (

    select
        *,
        {{ local_time('send_on', var('reminder_hour'), 'timezone') }} as send_at
    from planned

),

bounded as (

    select
        *,
        coalesce(
            lead(send_at) over (
                partition by learner_id, course_module_id order by offset_hours
            ),
            case
                when submission_state = 'open' then due_at
                else {{ add_hours('send_at', 168) }}
            end
        ) as expires_at
    from timed

),

final as (

    select
        {{ row_key([
            'bounded.learner_id',
            'bounded.course_module_id',
            'bounded.offset_code',
            'bounded.due_on'
        ]) }} as reminder_id,
        bounded.learner_id,
        bounded.course_id,
        bounded.course_module_id,
        bounded.offset_code,
        bounded.submission_state,
        bounded.activity_name,
        bounded.language,
        bounded.timezone,
        bounded.due_at,
        bounded.send_at,
        bounded.expires_at
    from bounded
    cross join log_end
    where bounded.expires_at > log_end.last_log_at

)

select * from final
