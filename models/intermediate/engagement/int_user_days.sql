{#
    One row per user, course and local date with an activity event; course 1 is the site, whose
    pages belong to no course. Sessions and minutes leave out quarantined sessions.
    Leaves out nothing of int_session_days: users need not be learners.
#}
-- depends_on: {{ ref('int_changed_users') }}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_user_weeks',
    meta={'user_column': 'user_id'}
) }}
{% set sums = [
    'event_count', 'participating_event_count', 'view_count', 'submission_count',
    'quiz_attempt_count', 'forum_view_count', 'forum_post_count', 'login_count',
    'content_event_count', 'assessment_event_count', 'forum_event_count',
    'weekend_event_count', 'night_event_count',
] %}

with all_session_days as (

    select * from {{ ref('int_session_days') }}

),

session_days as (

    select * from all_session_days
    where {{ of_changed_users(
        'all_session_days.user_id', 'all_session_days.week_start', 'week_start'
    ) }}

),

final as (

    select
        {{ row_key([
            'session_days.user_id',
            'session_days.course_id',
            'session_days.occurred_on'
        ]) }} as user_day_id,
        session_days.user_id,
        session_days.course_id,
        session_days.occurred_on,
        session_days.week_start,
        {%- for name in sums %}
        cast(sum(session_days.{{ name }}) as integer) as {{ name }},
        {%- endfor %}
        cast({{ count_if(
            'session_days.is_first_day_in_course and not session_days.is_quarantined'
        ) }} as integer) as sessions_begun_count,
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
    group by
        session_days.user_id,
        session_days.course_id,
        session_days.occurred_on,
        session_days.week_start

)

select * from final
