{#
    One row per session of a learner over all courses and the site. Quarantined sessions, longer
    than any person learns, are kept here and left out of every sum.
    Leaves out users who are no learner anywhere.
#}
with session_days as (

    select * from {{ ref('int_session_days') }}

),

learners as (

    select distinct learner_id from {{ ref('int_learner_courses') }}

),

final as (

    select
        max(session_days.session_start_event_id) as session_id,
        cast(session_days.user_id as bigint) as learner_id,
        session_days.is_quarantined,
        cast(
            {{ count_if(
                'session_days.course_id > 1 and session_days.is_first_day_in_course'
            ) }} as integer
        ) as course_count,
        cast(sum(session_days.event_count) as integer) as event_count,
        cast(sum(session_days.participating_event_count) as integer)
            as participating_event_count,
        {%- for bound in ['low', 'central', 'high'] %}
        cast(sum(session_days.seconds_{{ bound }}) / 60.0 as numeric(12, 2))
            as minutes_{{ bound }},
        {%- endfor %}
        min(session_days.week_start) as week_start,
        min(session_days.first_event_at) as started_at,
        max(session_days.last_event_at) as ended_at
    from session_days
    inner join learners
        on session_days.user_id = learners.learner_id
    group by
        session_days.user_id,
        session_days.session_start_epoch,
        session_days.is_quarantined

)

select * from final
