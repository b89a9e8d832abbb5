{#
    One row per learner, course and week of the grid: the engagement that people chart. Rows of the
    site itself belong to fct_weekly_learners. Peers are the active enrolments of the same course and
    week, the learner included; a week of zeros counts among them.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set ranked = [
    'active_day_count', 'minutes_central', 'participating_event_count', 'distinct_activity_count'
] %}

with weeks as (

    select * from {{ ref('int_learner_week_engagement') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

-- Few columns: every rank sorts the rows anew.
measures as (

    select
        learner_id,
        course_id,
        week_start,
        is_active_enrolment and is_observed as is_peer,
        {{ ranked | join(', ') }}
    from {{ ref('int_learner_week_engagement') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

ranked as (

    select
        learner_id,
        course_id,
        week_start,
        is_peer,
        {%- for measure in ranked %}
        percent_rank() over (
            partition by course_id, week_start, is_peer
            order by {{ measure }} nulls last
        ) as {{ measure }}_rank,
        {%- endfor %}
        count(*) over (partition by course_id, week_start, is_peer) as group_count
    from measures

),

indexed as (

    select
        learner_id,
        course_id,
        week_start,
        is_peer,
        group_count,
        case
            when is_peer and group_count > 1
                then
                    cast(
                        25.0 * (
                            {%- for measure in ranked %}
                            {{ measure }}_rank{{ ' +' if not loop.last }}
                            {%- endfor %}
                        ) as numeric(6, 2)
                    )
        end as engagement_index
    from ranked

),

placed as (

    select
        learner_id,
        course_id,
        week_start,
        case when is_peer then group_count end as peer_count,
        engagement_index,
        case
            when engagement_index is not null
                then
                    100 * percent_rank() over (
                        partition by course_id, week_start, is_peer
                        order by engagement_index nulls last
                    )
        end as engagement_percentile
    from indexed

),

final as (

    select
        weeks.learner_id,
        weeks.course_id,
        weeks.week_start,
        weeks.is_partial_week,
        weeks.is_observed,
        weeks.is_active_enrolment,
        weeks.is_course_deleted,
        cast(weeks.course_week as integer) as course_week,
        cast(weeks.learner_week as integer) as learner_week,
        cast(weeks.event_count as integer) as event_count,
        cast(weeks.participating_event_count as integer) as participating_event_count,
        cast(weeks.view_count as integer) as view_count,
        cast(weeks.submission_count as integer) as submission_count,
        cast(weeks.quiz_attempt_count as integer) as quiz_attempt_count,
        cast(weeks.forum_view_count as integer) as forum_view_count,
        cast(weeks.forum_post_count as integer) as forum_post_count,
        cast(weeks.content_event_count as integer) as content_event_count,
        cast(weeks.assessment_event_count as integer) as assessment_event_count,
        cast(weeks.forum_event_count as integer) as forum_event_count,
        cast(weeks.other_event_count as integer) as other_event_count,
        cast(weeks.active_day_count as integer) as active_day_count,
        cast(weeks.distinct_activity_count as integer) as distinct_activity_count,
        cast(weeks.new_activity_count as integer) as new_activity_count,
        cast(weeks.cognitive_depth as integer) as cognitive_depth,
        cast(weeks.session_count as integer) as session_count,
        cast(weeks.minutes_low as numeric(12, 2)) as minutes_low,
        cast(weeks.minutes_central as numeric(12, 2)) as minutes_central,
        cast(weeks.minutes_high as numeric(12, 2)) as minutes_high,
        cast(weeks.median_session_minutes as numeric(12, 2)) as median_session_minutes,
        weeks.weekend_share,
        weeks.night_share,
        cast(weeks.days_since_last_activity as integer) as days_since_last_activity,
        cast(weeks.days_since_last_participation as integer)
            as days_since_last_participation,
        cast(weeks.longest_silence_days as integer) as longest_silence_days,
        weeks.peak_hour_regularity,
        weeks.peak_weekday_regularity,
        weeks.weekday_similarity,
        cast(weeks.cumulative_event_count as integer) as cumulative_event_count,
        cast(weeks.cumulative_participating_event_count as integer)
            as cumulative_participating_event_count,
        cast(weeks.cumulative_active_day_count as integer)
            as cumulative_active_day_count,
        cast(weeks.cumulative_session_count as integer) as cumulative_session_count,
        cast(weeks.cumulative_minutes_central as numeric(12, 2))
            as cumulative_minutes_central,
        cast(weeks.cumulative_new_activity_count as integer)
            as cumulative_distinct_activity_count,
        cast(weeks.event_count_change as integer) as event_count_change,
        cast(weeks.minutes_central_change as numeric(12, 2)) as minutes_central_change,
        cast(weeks.active_day_count_change as integer) as active_day_count_change,
        weeks.engagement_trend,
        cast(placed.peer_count as integer) as peer_count,
        cast(placed.engagement_index as numeric(5, 2)) as engagement_index,
        cast(placed.engagement_percentile as numeric(5, 2)) as engagement_percentile,
        weeks.last_active_on,
        weeks.last_participating_at
    from weeks
    inner join placed
        on
            weeks.learner_id = placed.learner_id
            and weeks.course_id = placed.course_id
            and weeks.week_start = placed.week_start

)

select * from final
