{#
    One row per course and week with an active enrolment: how the course as a whole was doing.
    Figures of fewer than min_group_size learners are suppressed (NULL), so that nobody is told of
    by a group of one; a quartile counts the learners who have a value. Leaves out enrolments that were not active, deleted courses, and weeks that
    are not observed.
#}
{% set statuses = [
    'completed', 'too_early', 'never_started', 'inactive', 'struggling', 'doing_ok',
    'doing_well'
] %}
{% set measures = [
    'minutes_central', 'active_day_count', 'participating_event_count',
    'engagement_index', 'grade_mean_share', 'on_time_share', 'completion_share'
] %}
{% set quartiles = {'q1': 0.25, 'median': 0.5, 'q3': 0.75} %}

with progress as (

    select * from {{ ref('fct_weekly_progress') }}
    where is_active_enrolment and is_observed

),

summed as (

    select
        course_id,
        week_start,
        course_short_name,
        course_name,
        week_label,
        is_partial_week,
        count(*) as learner_count,
        {%- for status in statuses %}
        {{ count_if("status = '" ~ status ~ "'") }} as {{ status }}_count,
        {%- endfor %}
        {%- for measure in measures %}
        {%- for quartile, share in quartiles.items() %}
        percentile_cont({{ share }}) within group (order by {{ measure }})
            as {{ measure }}_{{ quartile }},
        {%- endfor %}
        count({{ measure }}) as {{ measure }}_known_count,
        {%- endfor %}
        {{ count_if('participating_event_count > 0') }} as participating_count,
        sum(forum_post_count) as forum_post_count,
        {{ count_if('is_isolated') }} as isolated_count
    from progress
    group by
        course_id, week_start, course_short_name, course_name, week_label,
        is_partial_week

),

judged as (

    select
        *,
        learner_count < {{ var('min_group_size') }} as is_suppressed
    from summed

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
        cast(learner_count as integer) as learner_count,
        {%- for status in statuses + ['participating', 'isolated'] %}
        cast(
            case
                when not is_suppressed
                    then {{ status }}_count / cast(learner_count as numeric(20, 8))
            end as numeric(7, 6)
        ) as {{ status }}_share,
        {%- endfor %}
        {%- for measure in measures %}
        {%- for quartile in quartiles %}
        cast(
            case
                when {{ measure }}_known_count >= {{ var('min_group_size') }}
                    then {{ measure }}_{{ quartile }}
            end as numeric(20, 6)
        ) as {{ measure }}_{{ quartile }},
        {%- endfor %}
        {%- endfor %}
        cast(case when not is_suppressed then forum_post_count end as integer)
            as forum_post_count
    from judged

)

select * from final
