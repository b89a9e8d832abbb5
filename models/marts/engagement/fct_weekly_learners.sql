{#
    One row per learner and week: the learner's courses together, and the pages of the site, which
    belong to no course. Dense from the learner's first week in any course, or on the site, to the
    last. Leaves out courses in which the learner is staff, and weeks before the log begins.
#}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_learner_weeks',
    meta={'weeks_ahead': 1}
) }}
{% set counts = [
    'event_count', 'participating_event_count', 'view_count', 'submission_count',
    'quiz_attempt_count', 'forum_view_count', 'forum_post_count', 'login_count'
] %}
{% set bounds = ['low', 'central', 'high'] %}

with grid as (

    select
        learner_id,
        min(week_start) as first_week,
        max(week_start) as last_week
    from {{ ref('int_learner_course_weeks') }}
    group by learner_id

),

course_weeks as (

    select
        learner_id,
        week_start,
        count(*) as course_count
    from {{ ref('int_learner_course_weeks') }}
    group by learner_id, week_start

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

session_days as (

    select
        stored.user_id,
        stored.course_id,
        stored.session_start_epoch,
        stored.week_start,
        stored.seconds_central
    from {{ ref('int_session_days') }} as stored
    where
        not stored.is_quarantined
        and {{ of_changed_learner_weeks(
            'stored.user_id', 'stored.week_start', weeks_before=1
        ) }}

),

weeks as (

    select * from {{ ref('int_weeks') }}
    where is_observed

),

daily_span as (

    select
        days.learner_id,
        min(days.week_start) as first_week,
        max(days.week_start) as last_week,
        max(
            case
                when not ({{ of_changed_learner_weeks(
                    'days.learner_id', 'days.week_start'
                ) }})
                    then days.occurred_on
            end
        ) as earlier_active_on
    from {{ ref('int_learner_days') }} as days
    group by days.learner_id

),

spans as (

    select
        coalesce(grid.learner_id, daily_span.learner_id) as learner_id,
        least(grid.first_week, daily_span.first_week) as first_week,
        greatest(grid.last_week, daily_span.last_week) as last_week,
        daily_span.earlier_active_on
    from grid
    full outer join daily_span
        on grid.learner_id = daily_span.learner_id

),

activity as (

    select
        days.learner_id,
        days.week_start,
        {%- for count in counts %}
        sum(days.{{ count }}) as {{ count }},
        {%- endfor %}
        sum(case when days.course_id = 1 then days.event_count else 0 end)
            as site_event_count,
        count(distinct days.occurred_on) as active_day_count,
        count(distinct case when days.course_id > 1 then days.course_id end)
            as active_course_count,
        {%- for bound in bounds %}
        sum(days.seconds_{{ bound }}) / 60.0 as minutes_{{ bound }},
        {%- endfor %}
        max(days.occurred_on) as last_active_on
    from {{ ref('int_learner_days') }} as days
    where {{ of_changed_learner_weeks('days.learner_id', 'days.week_start') }}
    group by days.learner_id, days.week_start

),

sessions as (

    select
        session_days.user_id as learner_id,
        min(session_days.week_start) as week_start,
        sum(session_days.seconds_central) / 60.0 as minutes_central
    from session_days
    left join learner_courses
        on
            session_days.user_id = learner_courses.learner_id
            and session_days.course_id = learner_courses.course_id
    where session_days.course_id = 1 or learner_courses.learner_id is not null
    group by session_days.user_id, session_days.session_start_epoch

),

session_counts as (

    select
        learner_id,
        week_start,
        count(*) as session_count,
        {{ percentile(0.5, 'minutes_central') }}
            as median_session_minutes
    from sessions
    group by learner_id, week_start

),

dense as (

    select
        spans.learner_id,
        weeks.week_start,
        weeks.is_partial_week,
        weeks.observed_until,
        {{ weeks_between('spans.first_week', 'weeks.week_start') }} + 1 as learner_week,
        greatest(
            spans.earlier_active_on,
            max(activity.last_active_on) over (
                partition by spans.learner_id
                order by weeks.week_start
                rows between unbounded preceding and current row
            )
        ) as last_active_on
    from spans
    inner join weeks
        on
            spans.first_week <= weeks.week_start
            and spans.last_week >= weeks.week_start
    left join activity
        on
            spans.learner_id = activity.learner_id
            and weeks.week_start = activity.week_start
    where {{ of_changed_learner_weeks('spans.learner_id', 'weeks.week_start') }}

),

final as (

    select
        dense.learner_id,
        dense.week_start,
        dense.is_partial_week,
        dense.learner_week,
        cast(coalesce(course_weeks.course_count, 0) as integer) as course_count,
        cast(coalesce(activity.active_course_count, 0) as integer)
            as active_course_count,
        {%- for count in counts %}
        cast(coalesce(activity.{{ count }}, 0) as integer) as {{ count }},
        {%- endfor %}
        cast(coalesce(activity.site_event_count, 0) as integer) as site_event_count,
        cast(coalesce(activity.active_day_count, 0) as integer) as active_day_count,
        cast(coalesce(session_counts.session_count, 0) as integer) as session_count,
        {%- for bound in bounds %}
        cast(coalesce(activity.minutes_{{ bound }}, 0) as numeric(12, 2))
            as minutes_{{ bound }},
        {%- endfor %}
        cast(session_counts.median_session_minutes as numeric(12, 2))
            as median_session_minutes,
        cast(
            {{ days_between('dense.last_active_on', 'dense.observed_until') }}
            as integer
        ) as days_since_last_activity,
        dense.last_active_on
    from dense
    left join course_weeks
        on
            dense.learner_id = course_weeks.learner_id
            and dense.week_start = course_weeks.week_start
    left join activity
        on
            dense.learner_id = activity.learner_id
            and dense.week_start = activity.week_start
    left join session_counts
        on
            dense.learner_id = session_counts.learner_id
            and dense.week_start = session_counts.week_start

)

select * from final
