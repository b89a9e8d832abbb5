{#
    One row per course that still runs and learner on its list: whom a teacher may want to write to
    first, at most watch_list_share of those scored in the course's latest scored week. Who may still
    be reached goes before who has been idle for inactive_days; then by probability, or by the rules'
    score where there is no model. It tells what was seen of learners alike, never what one will do.
    Leaves out learners who are doing well, or have left or completed since, courses that are over,
    and courses not scored in the last watch_list_weeks before the end of the data.
#}
with risks as (

    select
        *,
        count(*) over (partition by course_id, week_start) as scored_learner_count
    from {{ ref('fct_weekly_risk') }}

),

courses as (

    select
        course_id,
        course_short_name,
        course_name,
        end_at
    from {{ ref('dim_courses') }}

),

learners as (

    select
        learner_id,
        learner_key
    from {{ ref('dim_learners') }}

),

weeks as (

    select
        week_start,
        observed_until_at
    from {{ ref('int_weeks') }}

),

log_end as (

    select
        max(week_start) as last_week,
        max(observed_until_at) as last_log_at
    from weeks

),

-- Who has left or completed since the scored week needs no letter.
still_learning as (

    select
        learner_id,
        course_id
    from {{ ref('fct_learner_outcomes') }}
    where is_current and not is_completed

),

progress as (

    select
        learner_id,
        course_id,
        week_start,
        engagement_percentile,
        grade_mean_share,
        on_time_share,
        days_since_last_activity
    from {{ ref('fct_weekly_progress') }}

),

latest_weeks as (

    select
        risks.course_id,
        max(risks.week_start) as week_start
    from risks
    inner join courses
        on risks.course_id = courses.course_id
    cross join log_end
    where coalesce(courses.end_at > log_end.last_log_at, true)
    group by risks.course_id, log_end.last_week
    having
        max(risks.week_start)
        >= {{ add_days('log_end.last_week', -7 * var('watch_list_weeks')) }}

),

placed as (

    select
        risks.course_id,
        risks.learner_id,
        risks.week_start,
        risks.course_week,
        risks.scored_learner_count,
        risks.score_method,
        risks.band,
        risks.is_inactive_now,
        risks.probability,
        risks.rule_score,
        risks.similar_learners,
        risks.reason_1_text,
        risks.reason_1_act,
        risks.reason_2_text,
        risks.reason_2_act,
        risks.reason_3_text,
        risks.reason_3_act,
        risks.model_version,
        risks.scored_at,
        row_number() over (
            partition by risks.course_id
            order by
                risks.is_inactive_now asc,
                risks.probability desc nulls last,
                risks.rule_score desc nulls first,
                risks.learner_id asc
        ) as list_place
    from risks
    inner join latest_weeks
        on
            risks.course_id = latest_weeks.course_id
            and risks.week_start = latest_weeks.week_start
    inner join still_learning
        on
            risks.learner_id = still_learning.learner_id
            and risks.course_id = still_learning.course_id
    where risks.band in ('ok', 'struggling')

),

final as (

    select
        placed.course_id,
        placed.learner_id,
        courses.course_short_name,
        courses.course_name,
        learners.learner_key,
        placed.week_start,
        placed.course_week,
        cast(placed.list_place as integer) as list_place,
        cast(placed.scored_learner_count as integer) as scored_learner_count,
        placed.score_method,
        placed.band,
        placed.is_inactive_now,
        placed.probability,
        placed.rule_score,
        placed.similar_learners,
        placed.reason_1_text,
        placed.reason_1_act,
        placed.reason_2_text,
        placed.reason_2_act,
        placed.reason_3_text,
        placed.reason_3_act,
        progress.engagement_percentile,
        progress.grade_mean_share,
        progress.on_time_share,
        progress.days_since_last_activity,
        placed.model_version,
        placed.scored_at
    from placed
    inner join courses
        on placed.course_id = courses.course_id
    inner join learners
        on placed.learner_id = learners.learner_id
    left join progress
        on
            placed.learner_id = progress.learner_id
            and placed.course_id = progress.course_id
            and placed.week_start = progress.week_start
    where
        placed.list_place <= greatest(
            1, {{ var('watch_list_share') }} * placed.scored_learner_count
        )

)

select * from final
