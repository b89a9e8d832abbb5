{#
    One row per learner, course and week of the grid: the table to open first. Status and its
    reasons, engagement and performance side by side, with the names of the course and of the week
    and the learner's pseudonym. Figures are those of the marts they come from, which hold the rest.
    Leaves out nothing of the grid.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set engagement_columns = [
    'event_count', 'participating_event_count', 'content_event_count',
    'assessment_event_count', 'forum_event_count', 'other_event_count', 'session_count',
    'minutes_low', 'minutes_central', 'minutes_high', 'active_day_count',
    'distinct_activity_count',
    'days_since_last_activity', 'days_since_last_participation',
    'cumulative_participating_event_count', 'cumulative_active_day_count',
    'engagement_trend', 'engagement_index', 'engagement_percentile', 'peer_count',
] %}
{% set performance_columns = [
    'graded_item_count', 'hidden_graded_item_count', 'passed_item_count', 'grade_mean_share',
    'grade_last_share', 'grade_trend', 'course_total_grade', 'course_total_share',
    'due_item_count', 'on_time_count', 'late_count', 'missing_count', 'missed_count',
    'open_count', 'on_time_share', 'mean_hours_early', 'new_completed_activity_count',
    'completed_activity_count', 'tracked_activity_count', 'completion_share',
    'is_course_completed', 'finished_attempt_count', 'forum_post_count',
    'reply_received_count', 'cumulative_forum_post_count',
    'cumulative_reply_received_count',
] %}

with engagement as (

    select * from {{ ref('fct_weekly_engagement') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

performance as (

    select * from {{ ref('fct_weekly_performance') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

statuses as (

    select * from {{ ref('fct_weekly_status') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

learners as (

    select
        learner_id,
        learner_key
    from {{ ref('dim_learners') }}

),

courses as (

    select
        course_id,
        course_short_name,
        course_name
    from {{ ref('dim_courses') }}

),

weeks as (

    select
        week_start,
        week_end,
        week_label
    from {{ ref('dim_weeks') }}

),

final as (

    select
        performance.learner_id,
        performance.course_id,
        performance.week_start,
        learners.learner_key,
        courses.course_short_name,
        courses.course_name,
        weeks.week_label,
        weeks.week_end,
        performance.is_partial_week,
        performance.is_observed,
        performance.is_active_enrolment,
        performance.is_course_deleted,
        performance.course_week,
        performance.learner_week,
        statuses.status,
        statuses.raw_status,
        statuses.is_held,
        statuses.previous_status,
        statuses.is_change,
        statuses.weeks_in_status,
        statuses.evidence_level,
        statuses.reason_1,
        statuses.reason_1_matter,
        statuses.reason_1_value,
        statuses.reason_1_threshold,
        statuses.reason_2,
        statuses.reason_2_matter,
        statuses.reason_2_value,
        statuses.reason_2_threshold,
        {%- for column in engagement_columns %}
        engagement.{{ column }},
        {%- endfor %}
        {%- for column in performance_columns %}
        performance.{{ column }},
        {%- endfor %}
        performance.is_isolated
    from performance
    inner join engagement
        on
            performance.learner_id = engagement.learner_id
            and performance.course_id = engagement.course_id
            and performance.week_start = engagement.week_start
    inner join statuses
        on
            performance.learner_id = statuses.learner_id
            and performance.course_id = statuses.course_id
            and performance.week_start = statuses.week_start
    inner join learners
        on performance.learner_id = learners.learner_id
    inner join courses
        on performance.course_id = courses.course_id
    inner join weeks
        on performance.week_start = weeks.week_start

)

select * from final
