-- Which deadlines did nobody meet, or less than half of those who had them?
-- A date that nobody met is one of bookkeeping, and one that most of the class missed
-- says more of the date than of the learners. Dates that have not come are left out.
with judged as (

    select
        course_id,
        course_module_id,
        module_name,
        activity_name,
        due_at,
        submission_state,
        is_missed
    from {{ ref('fct_submissions') }}
    where submission_state in ('on_time', 'late', 'missing') and due_at is not null

),

past as (

    select
        course_id,
        course_module_id,
        module_name,
        activity_name,
        min(due_at) as first_due_at,
        max(due_at) as last_due_at,
        count(*) as learner_count,
        {{ count_if("submission_state = 'on_time'") }} as on_time_count,
        {{ count_if("submission_state = 'late'") }} as late_count,
        {{ count_if("submission_state = 'missing'") }} as missing_count,
        {{ count_if('is_missed') }} as missed_count
    from judged
    where due_at <= (select max(last_event_at) from {{ ref('dim_learners') }})
    group by course_id, course_module_id, module_name, activity_name

)

select
    courses.course_short_name,
    past.course_module_id,
    past.module_name,
    past.activity_name,
    past.first_due_at,
    past.last_due_at,
    past.learner_count,
    past.on_time_count,
    past.late_count,
    past.missing_count,
    past.missed_count,
    round(past.on_time_count / cast(past.learner_count as numeric), 4) as on_time_share
from past
inner join {{ ref('dim_courses') }} as courses
    on past.course_id = courses.course_id
where past.on_time_count * 2 < past.learner_count
order by on_time_share asc, past.learner_count desc, past.course_module_id asc
