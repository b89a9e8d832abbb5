-- Does the status tell how a learner fares later?
-- Of the learners in each status of each week of the course, the share who in the end
-- did not complete: the course is not completed, and its total is below the pass grade
-- (or grade_struggling), or there is none. Only courses whose end has come; of others
-- nobody knows yet. Inactive should fare worst, then struggling, doing ok, doing well.
with over_courses as (

    select
        course_id,
        course_short_name
    from {{ ref('dim_courses') }}
    where end_at <= (select max(last_event_at) from {{ ref('dim_learners') }})

),

numbered_weeks as (

    select
        learner_id,
        course_id,
        is_course_completed,
        course_total_share,
        course_pass_share,
        row_number() over (
            partition by learner_id, course_id order by week_start desc
        ) as weeks_before_last
    from {{ ref('fct_weekly_performance') }}

),

outcomes as (

    select
        learner_id,
        course_id,
        not coalesce(is_course_completed, false)
        and coalesce(
            course_total_share
            < coalesce(course_pass_share, {{ var('grade_struggling') }}),
            true
        ) as did_not_complete
    from numbered_weeks
    where weeks_before_last = 1

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
    over_courses.course_short_name,
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
inner join over_courses
    on statuses.course_id = over_courses.course_id
group by over_courses.course_short_name, statuses.course_week, statuses.status
order by
    over_courses.course_short_name asc,
    statuses.course_week asc,
    did_not_complete_share desc
