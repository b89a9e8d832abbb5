{#
    One row per learner, course and local date with an activity event; course 1 is the site, whose
    pages belong to no course. Sessions and minutes leave out quarantined sessions.
    Leaves out users who are no learner anywhere, and courses in which a learner is not one.
#}
{{ config(materialized='view') }}

with user_days as (

    select * from {{ ref('int_user_days') }}

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

learner_places as (

    select
        learner_id,
        course_id
    from learner_courses
    union all
    select distinct
        learner_id,
        1 as course_id
    from learner_courses

),

final as (

    select
        user_days.user_day_id as learner_day_id,
        user_days.user_id as learner_id,
        user_days.course_id,
        user_days.occurred_on,
        user_days.week_start,
        user_days.event_count,
        user_days.participating_event_count,
        user_days.view_count,
        user_days.submission_count,
        user_days.quiz_attempt_count,
        user_days.forum_view_count,
        user_days.forum_post_count,
        user_days.login_count,
        user_days.content_event_count,
        user_days.assessment_event_count,
        user_days.forum_event_count,
        user_days.weekend_event_count,
        user_days.night_event_count,
        user_days.sessions_begun_count,
        user_days.cognitive_depth,
        user_days.active_hours_mask,
        user_days.active_weekdays_mask,
        user_days.seconds_low,
        user_days.seconds_central,
        user_days.seconds_high,
        user_days.last_participating_at
    from user_days
    inner join learner_places
        on
            user_days.user_id = learner_places.learner_id
            and user_days.course_id = learner_places.course_id

)

select * from final
