{#
    One row per learner, grade item and week in which the grade or its item changed: the grade as it
    stood at the end of that week, and what the change adds to the learner's counts and sums, so
    that a running sum over weeks gives each week as it was known. Leaves
    out grades of users who are no learner of the course. Totals of courses and categories
    are rows too, but are never counted as item grades.
#}
{#- That there is no grade is news of a week only where there was one. -#}
{{ config(meta={'changed_from': {
    'week': 'from_week',
    'rows': 'case when is_counted or final_grade is not null or counted_change <> 0'
        ~ ' then from_week end',
    'columns': {'to_week': 'to_week', 'first_counted_at': none},
}}) }}

with states as (

    select
        *,
        coalesce(
            {{ week_start(local_date('changed_at')) }}, {{ beginning_of_time() }}
        ) as from_week
    from {{ ref('int_grade_states') }}

),

item_versions as (

    select * from {{ ref('int_grade_item_versions') }}

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

ordered as (

    select
        *,
        lead(from_week) over (
            partition by user_id, grade_item_id order by state_number
        ) as next_week
    from states

),

grade_versions as (

    select
        user_id,
        grade_item_id,
        final_grade,
        raw_grade_min,
        raw_grade_max,
        is_excluded,
        is_hidden,
        hidden_until_at,
        grade_set_at,
        first_counted_at,
        from_week,
        next_week as to_week
    from ordered
    where next_week is distinct from from_week

),

joined as (

    select
        learner_courses.learner_id,
        learner_courses.course_id,
        grade_versions.grade_item_id,
        item_versions.item_instance_id,
        item_versions.item_type,
        item_versions.item_module,
        item_versions.grade_type,
        grade_versions.is_excluded,
        grade_versions.is_hidden or item_versions.is_hidden as is_hidden,
        item_versions.is_calculated,
        case
            when not item_versions.is_deleted then grade_versions.final_grade
        end as final_grade,
        item_versions.grade_min,
        item_versions.grade_max,
        item_versions.grade_pass,
        -- Moodle keeps the range of an aggregated total with each grade.
        case
            when item_versions.is_calculated then item_versions.grade_min
            else coalesce(grade_versions.raw_grade_min, item_versions.grade_min)
        end as total_min,
        case
            when item_versions.is_calculated then item_versions.grade_max
            else coalesce(grade_versions.raw_grade_max, item_versions.grade_max)
        end as total_max,
        greatest(grade_versions.hidden_until_at, item_versions.hidden_until_at)
            as hidden_until_at,
        grade_versions.grade_set_at,
        grade_versions.first_counted_at,
        greatest(grade_versions.from_week, item_versions.from_week) as from_week
    from grade_versions
    inner join item_versions
        on
            grade_versions.grade_item_id = item_versions.grade_item_id
            and coalesce(grade_versions.from_week < item_versions.to_week, true)
            and coalesce(item_versions.from_week < grade_versions.to_week, true)
    inner join learner_courses
        on
            grade_versions.user_id = learner_courses.learner_id
            and item_versions.course_id = learner_courses.course_id

),

counted as (

    select
        *,
        item_type in ('mod', 'manual')
        and grade_type in (1, 2)
        and not is_excluded
        and final_grade is not null as is_counted,
        case
            when item_type = 'course'
                then {{ share_of_range('final_grade', 'total_min', 'total_max') }}
            else {{ share_of_range('final_grade', 'grade_min', 'grade_max') }}
        end as grade_share
    from joined

),

measured as (

    select
        *,
        case when is_counted then 1 else 0 end as counted,
        case when is_counted and grade_share is not null then 1 else 0 end as shared,
        case when is_counted then coalesce(grade_share, 0) else 0 end as share,
        case when is_counted and final_grade >= grade_pass then 1 else 0 end as passed
    from counted

),

final as (

    select
        {{ row_key(['learner_id', 'grade_item_id', 'from_week']) }}
            as grade_change_id,
        learner_id,
        course_id,
        grade_item_id,
        item_instance_id,
        item_type,
        item_module,
        is_counted,
        is_excluded,
        is_hidden,
        final_grade,
        grade_share,
        coalesce(final_grade >= grade_pass, false) as is_passed,
        {%- for measure in ['counted', 'shared', 'share', 'passed'] %}
        {{ measure }} - coalesce(lag({{ measure }}) over by_week, 0)
            as {{ measure }}_change,
        {%- endfor %}
        grade_set_at,
        first_counted_at,
        hidden_until_at,
        from_week,
        lead(from_week) over by_week as to_week
    from measured
    window by_week as (
        partition by learner_id, grade_item_id order by from_week
    )

)

select * from final
