{#
    One row per learner, course and week of the grid: the engagement that people chart. Rows of the
    site itself belong to fct_weekly_learners. Peers are the active enrolments of the same course and
    week, the learner included; a week of zeros counts among them.
#}
{% set ranked = [
    'active_day_count', 'minutes_central', 'participating_event_count', 'distinct_activity_count'
] %}

with weeks as (

    select * from {{ ref('int_learner_week_engagement') }}

),

ranked as (

    select
        *,
        is_active_enrolment and is_observed as is_peer,
        {%- for measure in ranked %}
        percent_rank() over (
            partition by course_id, week_start, is_active_enrolment and is_observed
            order by {{ measure }}
        ) as {{ measure }}_rank,
        {%- endfor %}
        count(*) over (
            partition by course_id, week_start, is_active_enrolment and is_observed
        ) as group_count
    from weeks

),

indexed as (

    select
        *,
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
        *,
        case
            when engagement_index is not null
                then
                    100 * percent_rank() over (
                        partition by course_id, week_start, is_peer
                        order by engagement_index
                    )
        end as engagement_percentile
    from indexed

),

final as (

    select
        learner_id,
        course_id,
        week_start,
        is_partial_week,
        is_observed,
        is_active_enrolment,
        is_course_deleted,
        cast(course_week as integer) as course_week,
        cast(learner_week as integer) as learner_week,
        cast(event_count as integer) as event_count,
        cast(participating_event_count as integer) as participating_event_count,
        cast(view_count as integer) as view_count,
        cast(submission_count as integer) as submission_count,
        cast(quiz_attempt_count as integer) as quiz_attempt_count,
        cast(forum_view_count as integer) as forum_view_count,
        cast(forum_post_count as integer) as forum_post_count,
        cast(content_event_count as integer) as content_event_count,
        cast(assessment_event_count as integer) as assessment_event_count,
        cast(forum_event_count as integer) as forum_event_count,
        cast(other_event_count as integer) as other_event_count,
        cast(active_day_count as integer) as active_day_count,
        cast(distinct_activity_count as integer) as distinct_activity_count,
        cast(new_activity_count as integer) as new_activity_count,
        cast(cognitive_depth as integer) as cognitive_depth,
        cast(session_count as integer) as session_count,
        cast(minutes_low as numeric(12, 2)) as minutes_low,
        cast(minutes_central as numeric(12, 2)) as minutes_central,
        cast(minutes_high as numeric(12, 2)) as minutes_high,
        cast(median_session_minutes as numeric(12, 2)) as median_session_minutes,
        weekend_share,
        night_share,
        cast(days_since_last_activity as integer) as days_since_last_activity,
        cast(days_since_last_participation as integer) as days_since_last_participation,
        cast(longest_silence_days as integer) as longest_silence_days,
        peak_hour_regularity,
        peak_weekday_regularity,
        weekday_similarity,
        cast(cumulative_event_count as integer) as cumulative_event_count,
        cast(cumulative_participating_event_count as integer)
            as cumulative_participating_event_count,
        cast(cumulative_active_day_count as integer) as cumulative_active_day_count,
        cast(cumulative_session_count as integer) as cumulative_session_count,
        cast(cumulative_minutes_central as numeric(12, 2))
            as cumulative_minutes_central,
        cast(cumulative_new_activity_count as integer)
            as cumulative_distinct_activity_count,
        cast(event_count_change as integer) as event_count_change,
        cast(minutes_central_change as numeric(12, 2)) as minutes_central_change,
        cast(active_day_count_change as integer) as active_day_count_change,
        engagement_trend,
        cast(case when is_peer then group_count end as integer) as peer_count,
        cast(engagement_index as numeric(5, 2)) as engagement_index,
        cast(engagement_percentile as numeric(5, 2)) as engagement_percentile,
        last_active_on,
        last_participating_at
    from placed

)

select * from final
