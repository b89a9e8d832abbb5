{#
    One row per learner, course and local date with an activity event; course 1 is the site, whose
    pages belong to no course. Sessions and minutes leave out quarantined sessions.
    Leaves out users who are no learner anywhere, and courses in which a learner is not one.
#}
{% set sums = [
    'event_count', 'participating_event_count', 'view_count', 'submission_count',
    'quiz_attempt_count', 'forum_view_count', 'forum_post_count', 'login_count',
    'content_event_count', 'assessment_event_count', 'forum_event_count',
    'weekend_event_count', 'night_event_count',
] %}

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
        {{ row_key([
            'session_days.user_id',
            'session_days.course_id',
            'session_days.occurred_on'
        ]) }} as learner_day_id,
        session_days.user_id as learner_id,
        session_days.course_id,
        session_days.occurred_on,
        session_days.week_start,
        {%- for name in sums %}
        sum(session_days.{{ name }}) as {{ name }},
        {%- endfor %}
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
                else session_days.seconds_{{ bound }}
            end
        ) as seconds_{{ bound }},
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
