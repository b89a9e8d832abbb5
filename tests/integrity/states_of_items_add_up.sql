{#
    What is this? In a learner's last week each item that existed is in exactly one state; in every week
    the items that count as missed are among the missing ones, and the judged ones among those due.
    When does it matter? Where a state is counted twice or lost, shares and statuses are wrong.
    How to resolve: look at the learner's rows of int_submissions and at their weeks.
#}
with last_weeks as (

    select
        learner_id,
        course_id,
        max(week_start) as week_start
    from {{ ref('int_learner_course_weeks') }}
    group by learner_id, course_id

),

items as (

    select
        last_weeks.learner_id,
        last_weeks.course_id,
        last_weeks.week_start,
        count(submissions.course_module_id) as item_count
    from last_weeks
    left join {{ ref('int_submissions') }} as submissions
        on
            last_weeks.learner_id = submissions.learner_id
            and last_weeks.course_id = submissions.course_id
            and last_weeks.week_start >= submissions.known_week
    group by last_weeks.learner_id, last_weeks.course_id, last_weeks.week_start

)

select
    performance.learner_id,
    performance.course_id,
    performance.week_start,
    items.item_count
from {{ ref('fct_weekly_performance') }} as performance
left join items
    on
        performance.learner_id = items.learner_id
        and performance.course_id = items.course_id
        and performance.week_start = items.week_start
where
    performance.on_time_count + performance.late_count + performance.missing_count
    + performance.open_count + performance.no_deadline_count
    + performance.unknown_count
    <> items.item_count
    or performance.missed_count > performance.missing_count
    or performance.judged_item_count > performance.due_item_count
