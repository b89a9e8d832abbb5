{#
    One row per learner, course, week and sign: what was found of a learner's week that decides on the
    status, with the value that was met and the threshold that it met. Facts outrank all else; one
    grave sign or two signs mean struggling; a shortfall keeps from doing well. Every threshold is a
    var, but for a pass grade of the course, which goes before grade_struggling. Silence counts from
    the course's first week on; a value tells the whole of it.
    Leaves out weeks that are not observed or in which the enrolment was not active, and weeks
    without any sign.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set signs = [
    ('completed', 'completed', 'fact', 'is_course_completed', 'null', 'null'),
    ('too_early', 'too_early', 'fact', 'learner_week = 1', 'learner_week', '1'),
    (
        'never_started', 'never_started', 'fact',
        'days_since_last_participation is null and not is_known_to_have_begun',
        'learner_week', 'null'
    ),
    (
        'inactive', 'silence', 'fact',
        'silent_days >= ' ~ var('inactive_days'),
        'days_since_last_participation', var('inactive_days')
    ),
    (
        'silent_grave', 'silence', 'grave',
        'silent_days >= ' ~ var('silent_grave_days'),
        'days_since_last_participation', var('silent_grave_days')
    ),
    (
        'many_missed', 'deadlines', 'grave',
        'missed_count >= ' ~ var('missed_grave_count')
        ~ ' and missed_count >= ' ~ var('missed_grave_share') ~ ' * judged_item_count',
        'missed_count', var('missed_grave_count')
    ),
    (
        'low_grade_grave', 'grades', 'grave',
        'grade_mean_share < grade_limit and graded_item_count >= '
        ~ var('graded_grave_count'),
        'grade_mean_share', 'grade_limit'
    ),
    (
        'silent', 'silence', 'sign',
        'silent_days >= ' ~ var('silent_days'),
        'days_since_last_participation', var('silent_days')
    ),
    ('latest_due_missed', 'deadlines', 'sign', 'is_latest_due_missed', 'missed_count', '1'),
    ('low_grade', 'grades', 'sign', 'grade_mean_share < grade_limit', 'grade_mean_share', 'grade_limit'),
    (
        'low_engagement', 'engagement', 'sign',
        'engagement_percentile < ' ~ var('percentile_struggling')
        ~ ' and peer_count >= ' ~ var('min_peers'),
        'engagement_percentile', var('percentile_struggling')
    ),
    (
        'grade_below_well', 'grades', 'shortfall', 'grade_mean_share < ' ~ var('grade_well'),
        'grade_mean_share', var('grade_well')
    ),
    (
        'on_time_below_well', 'punctuality', 'shortfall', 'on_time_share < ' ~ var('on_time_well'),
        'on_time_share', var('on_time_well')
    ),
    (
        'engagement_below_well', 'engagement', 'shortfall',
        'engagement_percentile < ' ~ var('percentile_well'),
        'engagement_percentile', var('percentile_well')
    ),
] %}

with engagement as (

    select * from {{ ref('fct_weekly_engagement') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

all_performance as (

    select * from {{ ref('fct_weekly_performance') }}

),

performance as (

    select * from all_performance
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

beginnings as (

    select
        learner_id,
        course_id,
        min(case when is_observed then 1 else 0 end) = 0 as is_before_log
    from all_performance
    group by learner_id, course_id

),

measured as (

    select
        performance.learner_id,
        performance.course_id,
        performance.week_start,
        performance.learner_week,
        coalesce(performance.is_course_completed, false) as is_course_completed,
        performance.is_latest_due_missed,
        performance.missed_count,
        performance.judged_item_count,
        performance.graded_item_count,
        performance.grade_mean_share,
        coalesce(
            performance.course_pass_share,
            cast({{ var('grade_struggling') }} as numeric(20, 6))
        ) as grade_limit,
        performance.on_time_share,
        -- Of whom began before the log does, other tables may tell that they took part.
        beginnings.is_before_log
        and performance.on_time_count + performance.late_count
        + performance.cumulative_forum_post_count > 0 as is_known_to_have_begun,
        engagement.engagement_percentile,
        engagement.peer_count,
        engagement.days_since_last_participation,
        -- Nobody is missed in a course that has not begun.
        least(
            engagement.days_since_last_participation,
            case
                when
                    engagement.days_since_last_participation is not null
                    then 7 * performance.course_week - 1
            end
        ) as silent_days
    from performance
    inner join engagement
        on
            performance.learner_id = engagement.learner_id
            and performance.course_id = engagement.course_id
            and performance.week_start = engagement.week_start
    inner join beginnings
        on
            performance.learner_id = beginnings.learner_id
            and performance.course_id = beginnings.course_id
    where performance.is_observed and performance.is_active_enrolment

),

signs as (

    {%- for code, matter, kind, condition, value, threshold in signs %}
    select
        learner_id,
        course_id,
        week_start,
        '{{ code }}' as reason_code,
        '{{ matter }}' as reason_matter,
        '{{ kind }}' as reason_kind,
        {{ loop.index }} as reason_order,
        cast({{ value }} as numeric(20, 6)) as reason_value,
        cast({{ threshold }} as numeric(20, 6)) as threshold
    from measured
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from signs
