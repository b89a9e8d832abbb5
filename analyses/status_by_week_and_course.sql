-- How were the learners of each course doing, week by week?
-- Shares are of the learners whose status is known. For publishing take
-- fct_weekly_cohorts, which holds back small groups.
with counted as (

    select
        course_id,
        week_start,
        status,
        count(*) as learner_count
    from {{ ref('fct_weekly_status') }}
    where status <> 'unknown'
    group by course_id, week_start, status

)

select
    courses.course_short_name,
    counted.week_start,
    weeks.is_partial_week,
    counted.status,
    counted.learner_count,
    round(
        counted.learner_count / sum(counted.learner_count) over (
            partition by counted.course_id, counted.week_start
        ), 4
    ) as learner_share
from counted
inner join {{ ref('dim_courses') }} as courses
    on counted.course_id = courses.course_id
inner join {{ ref('dim_weeks') }} as weeks
    on counted.week_start = weeks.week_start
order by courses.course_short_name, counted.week_start, counted.status
