{#
    One row per course, group of learners and week with an active enrolment in it: how the group was
    doing. Counts of learners, so that shares are counts over judged_learner_count, added up over
    whatever a chart shows. Figures of fewer than min_group_size learners are suppressed (NULL), so
    that nobody is told of by a group of one; a quartile counts the learners who have a value.
    Groups are today's in every week. Leaves out enrolments that were not active, deleted courses,
    and weeks that are not observed.
#}
{% set statuses = [
    'completed', 'too_early', 'never_started', 'inactive', 'struggling', 'doing_ok',
    'doing_well'
] %}
{% set sums = [
    'due_item_count', 'on_time_count', 'late_count', 'missing_count', 'open_count',
    'forum_post_count'
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

members as (

    select
        learner_id,
        course_id,
        learner_group_id
    from {{ ref('fct_learner_groups') }}

),

learner_groups as (

    select * from {{ ref('dim_learner_groups') }}

),

weeks as (

    select
        week_start,
        week_label,
        is_partial_week
    from {{ ref('dim_weeks') }}
    where is_observed

),

latest_week as (

    select max(week_start) as latest_week_start from weeks
    where not is_partial_week

),

summed as (

    select
        members.course_id,
        members.learner_group_id,
        progress.week_start,
        count(*) as learner_count,
        {%- for status in statuses %}
        {{ count_if("progress.status = '" ~ status ~ "'") }} as {{ status }}_count,
        {%- endfor %}
        {%- for measure in measures %}
        {%- for quartile, share in quartiles.items() %}
        {{ percentile(share, 'progress.' ~ measure) }}
            as {{ measure }}_{{ quartile }},
        {%- endfor %}
        count(progress.{{ measure }}) as {{ measure }}_known_count,
        {%- endfor %}
        {%- for name in sums %}
        sum(progress.{{ name }}) as {{ name }},
        {%- endfor %}
        {{ count_if('progress.participating_event_count > 0') }}
            as participating_count,
        {{ count_if('progress.is_isolated') }} as isolated_count
    from progress
    inner join members
        on
            progress.learner_id = members.learner_id
            and progress.course_id = members.course_id
    group by members.course_id, members.learner_group_id, progress.week_start

),

judged as (

    select
        *,
        learner_count < {{ var('min_group_size') }} as is_suppressed
    from summed

),

final as (

    select
        judged.course_id,
        judged.learner_group_id,
        judged.week_start,
        learner_groups.course_short_name,
        learner_groups.course_name,
        learner_groups.learner_group,
        learner_groups.learner_group_kind,
        weeks.week_label,
        weeks.is_partial_week,
        judged.is_suppressed,
        cast(judged.learner_count as integer) as learner_count,
        cast(
            case when not judged.is_suppressed then judged.learner_count end as integer
        ) as judged_learner_count,
        {%- for status in statuses + ['participating', 'isolated'] %}
        cast(
            case when not judged.is_suppressed then judged.{{ status }}_count end
            as integer
        ) as {{ status }}_count,
        {%- endfor %}
        {%- for name in sums %}
        cast(case when not judged.is_suppressed then judged.{{ name }} end as integer)
            as {{ name }},
        {%- endfor %}
        {%- for measure in measures %}
        {%- for quartile in quartiles %}
        cast(
            case
                when judged.{{ measure }}_known_count >= {{ var('min_group_size') }}
                    then judged.{{ measure }}_{{ quartile }}
            end as numeric(20, 6)
        ) as {{ measure }}_{{ quartile }},
        {%- endfor %}
        {%- endfor %}
        case
            when judged.week_start <= latest_week.latest_week_start
                then {{ weeks_between(
                    'judged.week_start', 'latest_week.latest_week_start'
                ) }}
        end as weeks_ago
    from judged
    cross join latest_week
    inner join learner_groups
        on
            judged.course_id = learner_groups.course_id
            and judged.learner_group_id = learner_groups.learner_group_id
    inner join weeks
        on judged.week_start = weeks.week_start

)

select * from final
