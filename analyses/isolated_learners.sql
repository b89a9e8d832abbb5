-- Which learners are isolated: have never replied to anybody and never got a reply?
-- Those whose enrolment is active in their last week, in courses whose learners post
-- at all. Who posts and gets no answer stands first.
with numbered_weeks as (

    select
        learner_id,
        course_id,
        is_active_enrolment,
        is_isolated,
        cumulative_forum_post_count,
        row_number() over (
            partition by learner_id, course_id order by week_start desc
        ) as weeks_before_last
    from {{ ref('fct_weekly_performance') }}

),

latest as (

    select
        learner_id,
        course_id,
        is_active_enrolment,
        is_isolated,
        cumulative_forum_post_count,
        avg(case when is_isolated then 1.0 else 0 end) over (
            partition by course_id, is_active_enrolment
        ) as isolated_share,
        sum(cumulative_forum_post_count) over (partition by course_id)
            as course_post_count
    from numbered_weeks
    where weeks_before_last = 1

)

select
    courses.course_short_name,
    learners.learner_id,
    learners.learner_key,
    latest.cumulative_forum_post_count as unanswered_post_count,
    round(latest.isolated_share, 4) as isolated_share_of_course
from latest
inner join {{ ref('dim_courses') }} as courses
    on latest.course_id = courses.course_id
inner join {{ ref('dim_learners') }} as learners
    on latest.learner_id = learners.learner_id
where
    latest.is_isolated
    and latest.is_active_enrolment
    and latest.course_post_count > 0
order by
    latest.cumulative_forum_post_count desc,
    courses.course_short_name asc,
    learners.learner_id asc
