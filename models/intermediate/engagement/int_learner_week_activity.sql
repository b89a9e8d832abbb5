{#
    One row per learner, course and week with an activity event in the course: what was done.
    Leaves out weeks without one, which the grid adds, and the pages of the site.
#}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_weeks',
    meta={'weeks_ahead': 1}
) }}
{% set sums = [
    'event_count', 'participating_event_count', 'view_count', 'submission_count',
    'quiz_attempt_count', 'forum_view_count', 'forum_post_count', 'content_event_count',
    'assessment_event_count', 'forum_event_count', 'weekend_event_count', 'night_event_count',
] %}
{% set bounds = ['low', 'central', 'high'] %}
{% set hours = range(24) %}

with all_days as (

    select * from {{ ref('int_learner_days') }}
    where course_id > 1

),

days as (

    select * from all_days
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

earlier_days as (

    select
        learner_id,
        course_id,
        max(occurred_on) as last_active_on
    from all_days
    where not ({{ of_changed_weeks('course_id', 'week_start') }})
    group by learner_id, course_id

),

session_days as (

    select * from {{ ref('int_session_days') }}
    where
        course_id > 1
        and not is_quarantined
        and {{ of_changed_weeks('course_id', 'week_start', weeks_before=1) }}

),

activity_weeks as (

    select * from {{ ref('int_learner_activity_weeks') }}
    where
        course_module_id > 0
        and {{ of_changed_weeks('course_id', 'week_start') }}

),

silences as (

    select
        *,
        lag(occurred_on) over (
            partition by learner_id, course_id order by occurred_on
        ) as previous_on
    from days

),

weekly as (

    select
        silences.learner_id,
        silences.course_id,
        silences.week_start,
        {%- for name in sums %}
        cast(sum(silences.{{ name }}) as integer) as {{ name }},
        {%- endfor %}
        {%- for bound in bounds %}
        cast(sum(silences.seconds_{{ bound }}) / 60.0 as numeric(12, 2))
            as minutes_{{ bound }},
        {%- endfor %}
        cast(sum(silences.sessions_begun_count) as integer) as session_count,
        cast(count(*) as integer) as active_day_count,
        max(silences.cognitive_depth) as cognitive_depth,
        max({{ days_between(
            'coalesce(silences.previous_on, earlier_days.last_active_on)',
            'silences.occurred_on'
        ) }}) as longest_pause_days,
        bit_or(silences.active_weekdays_mask) as active_weekdays_mask,
        {%- for hour in hours %}
        cast(sum({{ bit_is_set('silences.active_hours_mask', hour) }}) as smallint)
            as active_days_at_hour_{{ hour }},
        {%- endfor %}
        max(silences.occurred_on) as last_active_on,
        max(silences.last_participating_at) as last_participating_at
    from silences
    left join earlier_days
        on
            silences.learner_id = earlier_days.learner_id
            and silences.course_id = earlier_days.course_id
    group by silences.learner_id, silences.course_id, silences.week_start

),

course_sessions as (

    select
        user_id,
        course_id,
        min(week_start) as week_start,
        sum(seconds_central) / 60.0 as minutes_central
    from session_days
    group by user_id, course_id, session_start_epoch

),

session_weeks as (

    select
        user_id,
        course_id,
        week_start,
        {{ percentile(0.5, 'minutes_central') }}
            as median_session_minutes
    from course_sessions
    group by user_id, course_id, week_start

),

activity_counts as (

    select
        learner_id,
        course_id,
        week_start,
        cast(count(*) as integer) as distinct_activity_count,
        cast({{ count_if('is_first_week') }} as integer) as new_activity_count
    from activity_weeks
    group by learner_id, course_id, week_start

),

final as (

    select
        {{ row_key([
            'weekly.learner_id',
            'weekly.course_id',
            'weekly.week_start'
        ]) }} as learner_week_activity_id,
        weekly.learner_id,
        weekly.course_id,
        weekly.week_start,
        {%- for name in sums %}
        weekly.{{ name }},
        {%- endfor %}
        {%- for bound in bounds %}
        weekly.minutes_{{ bound }},
        {%- endfor %}
        weekly.session_count,
        weekly.active_day_count,
        weekly.cognitive_depth,
        weekly.longest_pause_days,
        weekly.active_weekdays_mask,
        {%- for hour in hours %}
        weekly.active_days_at_hour_{{ hour }},
        {%- endfor %}
        weekly.last_active_on,
        weekly.last_participating_at,
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
