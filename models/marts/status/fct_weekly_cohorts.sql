{#
    One row per course and week with an active enrolment: how the course as a whole was doing, as
    shares of its learners. These are the rows of everyone in fct_weekly_groups, where figures of
    fewer than min_group_size learners are suppressed (NULL). Leaves out what that leaves out.
#}
{% set parts = [
    'completed', 'too_early', 'never_started', 'inactive', 'struggling', 'doing_ok',
    'doing_well', 'participating', 'isolated'
] %}
{% set measures = [
    'minutes_central', 'active_day_count', 'participating_event_count',
    'engagement_index', 'grade_mean_share', 'on_time_share', 'completion_share'
] %}

with everyone as (

    select * from {{ ref('fct_weekly_groups') }}
    where learner_group_kind = 'all'

),

final as (

    select
        course_id,
        week_start,
        course_short_name,
        course_name,
        week_label,
        is_partial_week,
        is_suppressed,
        learner_count,
        {%- for part in parts %}
        cast(
            {{ part }}_count / cast(judged_learner_count as numeric(20, 8))
            as numeric(7, 6)
        ) as {{ part }}_share,
        {%- endfor %}
        {%- for measure in measures %}
        {%- for quartile in ['q1', 'median', 'q3'] %}
        {{ measure }}_{{ quartile }},
        {%- endfor %}
        {%- endfor %}
        forum_post_count
    from everyone

)

select * from final
