{#
    What is this? The hours of everyone in fct_weekly_hours add up, in every course and week, to the
    hours with an event in the days of its learners.
    When does it matter? An hour that is lost, or lies on two weekdays, would shift the whole picture.
    How to resolve: look for days without a row in int_days, and at the bits of active_hours_mask.
#}
with expected as (

    select
        course_id,
        week_start,
        sum({{ bits_set('active_hours_mask', 24) }}) as hour_count
    from {{ ref('int_learner_days') }}
    where course_id > 1
    group by course_id, week_start

),

found as (

    select
        course_id,
        week_start,
        sum(active_learner_day_count) as hour_count
    from {{ ref('fct_weekly_hours') }}
    where learner_group_id = 'all'
    group by course_id, week_start

)

select
    coalesce(expected.course_id, found.course_id) as course_id,
    coalesce(expected.week_start, found.week_start) as week_start,
    expected.hour_count as expected,
    found.hour_count as found
from expected
full outer join found
    on
        expected.course_id = found.course_id
        and expected.week_start = found.week_start
where expected.hour_count is distinct from found.hour_count
