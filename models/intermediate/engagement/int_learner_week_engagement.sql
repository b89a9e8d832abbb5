{#
    One row per learner, course and week of the grid: the week's activity, what it adds up to, and
    how regular it is. A week with nothing is a row of zeros; counts are NULL in weeks before the log
    begins, of which nothing is known. Leaves out nothing of the grid.
    Regularity follows Boroujeni et al. 2016: PDH = (log2 24 - entropy) * peak of the number of days
    with activity at each hour of the learner's day so far; PWD the same over weekdays and weeks.
#}
{% set counts = [
    'event_count', 'participating_event_count', 'view_count', 'submission_count',
    'quiz_attempt_count', 'forum_view_count', 'forum_post_count', 'content_event_count',
    'assessment_event_count', 'forum_event_count', 'weekend_event_count', 'night_event_count',
    'session_count', 'active_day_count', 'distinct_activity_count', 'new_activity_count',
    'minutes_low', 'minutes_central', 'minutes_high',
] %}
{#- What is added up over the weeks so far, and as what. -#}
{% set cumulated = {
    'event_count': 'integer',
    'participating_event_count': 'integer',
    'active_day_count': 'integer',
    'session_count': 'integer',
    'minutes_central': 'numeric(12, 2)',
    'new_activity_count': 'integer',
} %}
{% set hours = range(24) %}
{% set weekdays = range(7) %}
{#- What a row looks back to beside the sums so far. -#}
{% set weeks_before = 5 %}
{% set goes_on = increments() %}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with grid as (

    select * from {{ ref('int_learner_course_weeks') }}
    where {{ of_changed_weeks('course_id', 'week_start', weeks_before) }}

),

first_weeks as (

    select
        learner_id,
        course_id,
        min(week_start) as first_week
    from grid
    group by learner_id, course_id

),

activity as (

    select * from {{ ref('int_learner_week_activity') }}

),

-- What the weeks before these add up to: nothing, where the learner's first is here.
opening as (

    select
        activity.learner_id,
        activity.course_id,
        first_weeks.first_week as week_start,
        {%- for hour in hours %}
        cast(sum(activity.active_days_at_hour_{{ hour }}) as integer)
            as hour_{{ hour }},
        {%- endfor %}
        {%- for weekday in weekdays %}
        cast(sum({{ bit_is_set('activity.active_weekdays_mask', weekday) }}) as integer)
            as weekday_{{ weekday }},
        {%- endfor %}
        {%- for count in cumulated %}
        cast(sum(activity.{{ count }}) as {{ cumulated[count] }}) as {{ count }},
        {%- endfor %}
        max(activity.longest_pause_days) as longest_pause_days,
        max(activity.last_active_on) as last_active_on,
        max(activity.last_participating_at) as last_participating_at
    from activity
    inner join first_weeks
        on
            activity.learner_id = first_weeks.learner_id
            and activity.course_id = first_weeks.course_id
            and activity.week_start < first_weeks.first_week
    group by activity.learner_id, activity.course_id, first_weeks.first_week

),

dense as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        grid.is_observed,
        grid.is_partial_week,
        grid.is_course_deleted,
        grid.is_active_enrolment,
        grid.course_week,
        grid.learner_week,
        grid.observed_until,
        {%- for count in counts %}
        case when grid.is_observed then coalesce(activity.{{ count }}, 0) end
            as {{ count }},
        {%- endfor %}
        activity.cognitive_depth,
        activity.median_session_minutes,
        coalesce(activity.active_weekdays_mask, 0) as active_weekdays_mask,
        {%- for hour in hours %}
        sum({{ opened(
            'activity.active_days_at_hour_' ~ hour, 'opening.hour_' ~ hour, goes_on
        ) }}) over so_far as hour_{{ hour }},
        {%- endfor %}
        {%- for weekday in weekdays %}
        sum({{ opened(
            bit_is_set('activity.active_weekdays_mask', weekday),
            'opening.weekday_' ~ weekday,
            goes_on
        ) }}) over so_far as weekday_{{ weekday }},
        {%- endfor %}
        {%- for count in cumulated %}
        opening.{{ count }} as opening_{{ count }},
        {%- endfor %}
        max(greatest(activity.longest_pause_days, opening.longest_pause_days))
            over so_far as longest_pause_days,
        max(greatest(activity.last_active_on, opening.last_active_on))
            over so_far as last_active_on,
        max(greatest(activity.last_participating_at, opening.last_participating_at))
            over so_far as last_participating_at
    from grid
    left join activity
        on
            grid.learner_id = activity.learner_id
            and grid.course_id = activity.course_id
            and grid.week_start = activity.week_start
    left join opening
        on
            grid.learner_id = opening.learner_id
            and grid.course_id = opening.course_id
            and grid.week_start = opening.week_start
    window so_far as (
        partition by grid.learner_id, grid.course_id
        order by grid.week_start
        rows between unbounded preceding and current row
    )

),

compared as (

    select
        *,
        {%- for count in cumulated %}
        case
            when is_observed
                then
                    sum({{ opened(count, 'opening_' ~ count, goes_on) }}) over (
                        partition by learner_id, course_id
                        order by week_start
                        rows between unbounded preceding and current row
                    )
        end as cumulative_{{ count }},
        {%- endfor %}
        lag(active_weekdays_mask) over by_week as previous_weekdays_mask,
        {%- for back in range(1, 6) %}
        lag(participating_event_count, {{ back }}) over by_week as acts_{{ back }},
        {%- endfor %}
        lag(event_count) over by_week as previous_event_count,
        lag(minutes_central) over by_week as previous_minutes_central,
        lag(active_day_count) over by_week as previous_active_day_count,
        {{ peak_regularity('hour_', 24) }} as peak_hour_regularity,
        {{ peak_regularity('weekday_', 7) }} as peak_weekday_regularity
    from dense
    window by_week as (partition by learner_id, course_id order by week_start)

),

counted as (

    select
        *,
        {{ bits_set('active_weekdays_mask', 7) }} as weekday_count,
        {{ bits_set('previous_weekdays_mask', 7) }} as previous_weekday_count,
        {{ bits_set('active_weekdays_mask & previous_weekdays_mask', 7) }}
            as common_weekday_count
    from compared

),

final as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start,
        is_observed,
        is_partial_week,
        is_course_deleted,
        is_active_enrolment,
        course_week,
        learner_week,
        {%- for count in counts %}
        {{ count }},
        {%- endfor %}
        case when is_observed then coalesce(cognitive_depth, 0) end as cognitive_depth,
        median_session_minutes,
        event_count - content_event_count - assessment_event_count - forum_event_count
            as other_event_count,
        cast(
            weekend_event_count / nullif(cast(event_count as {{ double() }}), 0)
            as numeric(5, 4)
        ) as weekend_share,
        cast(
            night_event_count / nullif(cast(event_count as {{ double() }}), 0)
            as numeric(5, 4)
        ) as night_share,
        {%- for count, type in cumulated.items() %}
        cast(cumulative_{{ count }} as {{ type }}) as cumulative_{{ count }},
        {%- endfor %}
        event_count - previous_event_count as event_count_change,
        minutes_central - previous_minutes_central as minutes_central_change,
        active_day_count - previous_active_day_count as active_day_count_change,
        -- The median of four: half of what remains without the least and the greatest.
        cast(
            cast(participating_event_count + acts_1 as {{ double() }}) / nullif(
                acts_2 + acts_3 + acts_4 + acts_5
                - least(acts_2, acts_3, acts_4, acts_5)
                - greatest(acts_2, acts_3, acts_4, acts_5),
                0
            )
            as numeric(12, 4)
        ) as engagement_trend,
        cast(peak_hour_regularity as numeric(12, 4)) as peak_hour_regularity,
        cast(peak_weekday_regularity as numeric(12, 4)) as peak_weekday_regularity,
        cast(
            case
                when weekday_count > 0 and previous_weekday_count > 0
                    then common_weekday_count / cast(
                        greatest(
                            weekday_count, previous_weekday_count
                        ) as {{ double() }}
                    )
            end as numeric(5, 4)
        ) as weekday_similarity,
        {{ days_between('last_active_on', 'observed_until') }}
            as days_since_last_activity,
        {{ days_between(local_date('last_participating_at'), 'observed_until') }}
            as days_since_last_participation,
        greatest(
            longest_pause_days, {{ days_between('last_active_on', 'observed_until') }}
        ) as longest_silence_days,
        last_active_on,
        last_participating_at
    from counted

)

select * from final
where {{ of_changed_weeks('course_id', 'week_start') }}
