{#
    One row per learner, course and local date with an activity event; course 1 is the site, whose
    pages belong to no course. Sessions and minutes leave out quarantined sessions.
    Leaves out users who are no learner anywhere, and courses in which a learner is not one.
#}
with session_days as (

    select * from {{ ref('int_session_days') }}

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
        cast(session_days.user_id as {{ dbt.type_string() }}) || ' '
        || cast(session_days.course_id as {{ dbt.type_string() }}) || ' '
        || cast(session_days.occurred_on as {{ dbt.type_string() }}) as learner_day_id,
        session_days.user_id as learner_id,
        session_days.course_id,
        session_days.occurred_on,
        session_days.week_start,
        sum(session_days.event_count) as event_count,
        sum(session_days.participating_event_count) as participating_event_count,
        sum(session_days.view_count) as view_count,
        sum(session_days.submission_count) as submission_count,
        sum(session_days.quiz_attempt_count) as quiz_attempt_count,
        sum(session_days.forum_view_count) as forum_view_count,
        sum(session_days.forum_post_count) as forum_post_count,
        sum(session_days.login_count) as login_count,
        sum(session_days.content_event_count) as content_event_count,
        sum(session_days.assessment_event_count) as assessment_event_count,
        sum(session_days.forum_event_count) as forum_event_count,
        sum(session_days.weekend_event_count) as weekend_event_count,
        sum(session_days.night_event_count) as night_event_count,
        {{ count_if(
            'session_days.is_first_day_in_course and not session_days.is_quarantined'
        ) }} as sessions_begun_count,
        max(session_days.cognitive_depth) as cognitive_depth,
        bit_or(session_days.active_hours_mask) as active_hours_mask,
        bit_or(session_days.active_weekdays_mask) as active_weekdays_mask,
        {%- for bound in ['low', 'central', 'high'] %}
        sum(
            case
                when session_days.is_quarantined then 0
                else session_days.minutes_{{ bound }}
            end
        ) as minutes_{{ bound }},
        {%- endfor %}
        max(session_days.last_participating_at) as last_participating_at
    from session_days
    inner join learner_places
        on
            session_days.user_id = learner_places.learner_id
            and session_days.course_id = learner_places.course_id
    group by
        session_days.user_id,
        session_days.course_id,
        session_days.occurred_on,
        session_days.week_start

)

select * from final
