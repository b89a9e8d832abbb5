-- Does the status tell how a learner fares later?
-- Of the learners in each status of each week of the course, the share who in the end
-- did not complete, where that is known: of a course that goes on nobody knows yet.
-- Inactive should fare worst, then struggling, doing ok, doing well.
with courses as (

    select
        course_id,
        course_short_name
    from {{ ref('dim_courses') }}

),

outcomes as (

    select
        learner_id,
        course_id,
        did_not_complete
    from {{ ref('fct_learner_outcomes') }}
    where did_not_complete is not null

),

statuses as (

    select
        statuses.learner_id,
        statuses.course_id,
        statuses.status,
        performance.course_week
    from {{ ref('fct_weekly_status') }} as statuses
    inner join {{ ref('fct_weekly_performance') }} as performance
        on
            statuses.learner_id = performance.learner_id
            and statuses.course_id = performance.course_id
            and statuses.week_start = performance.week_start
    where statuses.status <> 'unknown' and performance.course_week is not null

)

select
    courses.course_short_name,
    statuses.course_week,
    statuses.status,
    count(*) as learner_count,
    {{ count_if('outcomes.did_not_complete') }} as did_not_complete_count,
    round(avg(case when outcomes.did_not_complete then 1.0 else 0 end), 4)
        as did_not_complete_share
from statuses
inner join outcomes
    on
        statuses.learner_id = outcomes.learner_id
        and statuses.course_id = outcomes.course_id
inner join courses
    on statuses.course_id = courses.course_id
group by courses.course_short_name, statuses.course_week, statuses.status
order by
    courses.course_short_name asc,
    statuses.course_week asc,
    did_not_complete_share desc
