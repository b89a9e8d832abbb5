{#
    One row per learner, course and week with an activity event in the course: what was done.
    Leaves out weeks without one, which the grid adds, and the pages of the site.
#}
with days as (

    select * from {{ ref('int_learner_days') }}
    where course_id > 1

),

session_days as (

    select * from {{ ref('int_session_days') }}
    where course_id > 1 and not is_quarantined

),

activity_weeks as (

    select * from {{ ref('int_learner_activity_weeks') }}

),

silences as (

    select
        *,
        {{ days_between(
            'lag(occurred_on) over (partition by learner_id, course_id order by occurred_on)',
            'occurred_on'
        ) }} as days_since_previous
    from days

),

weekly as (

    select
        learner_id,
        course_id,
        week_start,
        sum(event_count) as event_count,
        sum(participating_event_count) as participating_event_count,
        sum(view_count) as view_count,
        sum(submission_count) as submission_count,
        sum(quiz_attempt_count) as quiz_attempt_count,
        sum(forum_view_count) as forum_view_count,
        sum(forum_post_count) as forum_post_count,
        sum(content_event_count) as content_event_count,
        sum(assessment_event_count) as assessment_event_count,
        sum(forum_event_count) as forum_event_count,
        sum(weekend_event_count) as weekend_event_count,
        sum(night_event_count) as night_event_count,
        sum(sessions_begun_count) as session_count,
        count(*) as active_day_count,
        max(cognitive_depth) as cognitive_depth,
        max(days_since_previous) as longest_pause_days,
        bit_or(active_weekdays_mask) as active_weekdays_mask,
        {%- for hour in range(24) %}
        sum({{ bit_is_set('active_hours_mask', hour) }}) as active_days_at_hour_{{ hour }},
        {%- endfor %}
        sum(minutes_low) as minutes_low,
        sum(minutes_central) as minutes_central,
        sum(minutes_high) as minutes_high,
        min(occurred_on) as first_active_on,
        max(occurred_on) as last_active_on,
        max(last_participating_at) as last_participating_at
    from silences
    group by learner_id, course_id, week_start

),

course_sessions as (

    select
        user_id,
        course_id,
        min(week_start) as week_start,
        sum(minutes_central) as minutes_central
    from session_days
    group by user_id, course_id, session_number

),

session_weeks as (

    select
        user_id,
        course_id,
        week_start,
        percentile_cont(0.5) within group (order by minutes_central)
            as median_session_minutes
    from course_sessions
    group by user_id, course_id, week_start

),

activity_counts as (

    select
        learner_id,
        course_id,
        week_start,
        count(*) as distinct_activity_count,
        {{ count_if('is_first_week') }} as new_activity_count
    from activity_weeks
    group by learner_id, course_id, week_start

),

final as (

    select
        cast(weekly.learner_id as {{ dbt.type_string() }}) || ' '
        || cast(weekly.course_id as {{ dbt.type_string() }}) || ' '
        || cast(weekly.week_start as {{ dbt.type_string() }}) as learner_week_activity_id,
        weekly.*,
        session_weeks.median_session_minutes,
        coalesce(activity_counts.distinct_activity_count, 0) as distinct_activity_count,
        coalesce(activity_counts.new_activity_count, 0) as new_activity_count
    from weekly
    left join session_weeks
        on
            weekly.learner_id = session_weeks.user_id
            and weekly.course_id = session_weeks.course_id
            and weekly.week_start = session_weeks.week_start
    left join activity_counts
        on
            weekly.learner_id = activity_counts.learner_id
            and weekly.course_id = activity_counts.course_id
            and weekly.week_start = activity_counts.week_start

)

select * from final
