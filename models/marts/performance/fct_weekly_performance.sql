{#
    One row per learner, course and week of the grid: grades, deadlines, completion and community as
    they were known at the end of that week; a later regrade, exclusion or deletion changes only the
    weeks after it. Counts of posts, attempts and new completions are of the week, all else is to
    date. Weeks before the log begins are told too, as these facts do not come from the log.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with grades as (

    select * from {{ ref('int_learner_week_grades') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

submissions as (

    select * from {{ ref('int_learner_week_submissions') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

completions as (

    select * from {{ ref('int_learner_week_completions') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

attempts as (

    select * from {{ ref('int_learner_week_attempts') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

community as (

    select * from {{ ref('int_learner_week_community') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

final as (

    select
        community.learner_id,
        community.course_id,
        community.week_start,
        community.is_partial_week,
        community.is_observed,
        community.is_active_enrolment,
        community.is_course_deleted,
        cast(community.course_week as integer) as course_week,
        cast(community.learner_week as integer) as learner_week,
        cast(grades.graded_item_count as integer) as graded_item_count,
        cast(grades.hidden_graded_item_count as integer) as hidden_graded_item_count,
        cast(grades.passed_item_count as integer) as passed_item_count,
        cast(submissions.due_item_count as integer) as due_item_count,
        cast(submissions.on_time_count as integer) as on_time_count,
        cast(submissions.late_count as integer) as late_count,
        cast(submissions.missing_count as integer) as missing_count,
        cast(submissions.open_count as integer) as open_count,
        cast(submissions.no_deadline_count as integer) as no_deadline_count,
        cast(submissions.unknown_count as integer) as unknown_count,
        cast(submissions.judged_item_count as integer) as judged_item_count,
        cast(submissions.missed_count as integer) as missed_count,
        submissions.is_latest_due_missed,
        cast(submissions.on_time_share as numeric(12, 6)) as on_time_share,
        cast(submissions.mean_hours_early as numeric(12, 2)) as mean_hours_early,
        cast(submissions.submission_rank_share as numeric(12, 6))
            as submission_rank_share,
        cast(grades.grade_mean_share as numeric(20, 6)) as grade_mean_share,
        cast(grades.grade_last_share as numeric(20, 6)) as grade_last_share,
        cast(grades.grade_trend as numeric(20, 6)) as grade_trend,
        cast(grades.course_total_grade as numeric(20, 5)) as course_total_grade,
        cast(grades.course_total_share as numeric(20, 6)) as course_total_share,
        cast(grades.course_pass_share as numeric(20, 6)) as course_pass_share,
        cast(completions.new_completed_activity_count as integer)
            as new_completed_activity_count,
        cast(completions.completed_activity_count as integer)
            as completed_activity_count,
        cast(completions.tracked_activity_count as integer) as tracked_activity_count,
        cast(completions.completion_share as numeric(12, 6)) as completion_share,
        completions.is_course_completed,
        cast(attempts.finished_attempt_count as integer) as finished_attempt_count,
        cast(attempts.attempt_gain_share as numeric(20, 6)) as attempt_gain_share,
        cast(community.forum_post_count as integer) as forum_post_count,
        cast(community.discussion_count as integer) as discussion_count,
        cast(community.reply_received_count as integer) as reply_received_count,
        cast(community.replied_people_count as integer) as replied_people_count,
        cast(community.word_count as integer) as word_count,
        cast(community.cumulative_forum_post_count as integer)
            as cumulative_forum_post_count,
        cast(community.cumulative_discussion_count as integer)
            as cumulative_discussion_count,
        cast(community.cumulative_reply_received_count as integer)
            as cumulative_reply_received_count,
        cast(community.cumulative_replied_people_count as integer)
            as cumulative_replied_people_count,
        community.is_isolated,
        cast(community.reply_centrality as numeric(12, 6)) as reply_centrality
    from community
    inner join grades
        on community.learner_course_week_id = grades.learner_course_week_id
    inner join submissions
        on community.learner_course_week_id = submissions.learner_course_week_id
    inner join completions
        on community.learner_course_week_id = completions.learner_course_week_id
    inner join attempts
        on community.learner_course_week_id = attempts.learner_course_week_id

)

select * from final
