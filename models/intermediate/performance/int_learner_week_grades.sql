{#
    One row per learner, course and week of the grid: the grades as they were known at the end of
    the week. What was known before the learner's first week counts from that week on. The last
    grade is the one set or changed last among those that count; where it is taken back later, the
    one before it is the last again.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set sums = {
    'counted': 'integer',
    'shared': 'integer',
    'share': 'numeric(20, 8)',
    'passed': 'integer',
} %}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}
    where {{ of_changed_weeks('course_id', 'week_start', weeks_before=3) }}

),

changes as (

    select * from {{ ref('int_grade_changes') }}

),

course_totals as (

    select
        course_id,
        grade_min,
        grade_max,
        grade_pass,
        from_week,
        to_week,
        row_number() over (
            partition by course_id, from_week order by grade_item_id
        ) as total_number
    from {{ ref('int_grade_item_versions') }}
    where item_type = 'course' and not is_deleted and grade_pass <= grade_max

),

log_end as (

    select max(observed_until_at) as last_log_at from {{ ref('int_weeks') }}

),

first_weeks as (

    select
        learner_id,
        course_id,
        min(week_start) as first_week
    from grid
    group by learner_id, course_id

),

known as (

    select
        changes.learner_id,
        changes.course_id,
        changes.grade_item_id,
        changes.item_type,
        changes.final_grade,
        changes.grade_share,
        changes.from_week,
        changes.to_week,
        changes.is_counted,
        changes.is_hidden,
        changes.hidden_until_at,
        -- A date after the last log row has not come yet.
        case
            when changes.hidden_until_at <= log_end.last_log_at
                then {{ week_start(local_date('changes.hidden_until_at')) }}
        end as shown_week,
        first_weeks.first_week,
        changes.counted_change,
        changes.shared_change,
        changes.share_change,
        changes.passed_change,
        greatest(changes.from_week, first_weeks.first_week) as week_start,
        changes.is_counted and changes.grade_share is not null as is_candidate,
        -- From when on this item counts no more, if ever.
        min(
            case
                when not changes.is_counted or changes.grade_share is null
                    then changes.from_week
            end
        ) over (
            partition by changes.learner_id, changes.grade_item_id
            order by changes.from_week
            rows between 1 following and unbounded following
        ) as removed_week,
        row_number() over (
            partition by changes.learner_id, changes.course_id
            order by
                changes.grade_set_at asc nulls first,
                changes.grade_item_id asc,
                changes.from_week asc
        ) as grade_order
    from changes
    cross join log_end
    inner join first_weeks
        on
            changes.learner_id = first_weeks.learner_id
            and changes.course_id = first_weeks.course_id

),

weekly_sums as (

    select
        learner_id,
        course_id,
        week_start,
        {%- for sum, type in sums.items() %}
        cast(sum({{ sum }}_change) as {{ type }}) as {{ sum }}_change,
        {%- endfor %}
        max(case when is_candidate and removed_week is null then grade_order end)
            as kept_order
    from known
    group by learner_id, course_id, week_start

),

-- Grades that are taken back later count in the weeks that they lasted; they are few.
passing_grades as (

    select
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        max(known.grade_order) as passing_order
    from known
    inner join grid
        on
            known.learner_id = grid.learner_id
            and known.course_id = grid.course_id
            and known.week_start <= grid.week_start
            and known.to_week > grid.week_start
    where known.is_candidate and known.removed_week is not null
    group by grid.learner_id, grid.course_id, grid.week_start

),

-- Hidden until the grade or its item changes, or until the date that shows it.
hidden_spells as (

    select
        learner_id,
        course_id,
        first_week,
        from_week,
        case when is_hidden then to_week else least(shown_week, to_week) end as to_week
    from known
    where
        is_counted
        and (
            is_hidden
            or (hidden_until_at is not null and coalesce(shown_week > from_week, true))
        )

),

hidden_changes as (

    select
        learner_id,
        course_id,
        greatest(from_week, first_week) as week_start,
        1 as hidden_change
    from hidden_spells
    union all
    select
        learner_id,
        course_id,
        greatest(to_week, first_week) as week_start,
        -1 as hidden_change
    from hidden_spells
    where to_week is not null

),

weekly_hidden as (

    select
        learner_id,
        course_id,
        week_start,
        cast(sum(hidden_change) as integer) as hidden_change
    from hidden_changes
    group by learner_id, course_id, week_start

),

totals as (

    select
        learner_id,
        course_id,
        week_start,
        final_grade,
        grade_share,
        row_number() over (
            partition by learner_id, course_id, week_start
            order by from_week desc, grade_item_id asc
        ) = 1 as is_last_of_week
    from known
    where item_type = 'course'

),

dense as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        {%- for sum, type in sums.items() %}
        cast(coalesce(sum(weekly_sums.{{ sum }}_change) over so_far, 0) as {{ type }})
            as {{ sum }},
        {%- endfor %}
        cast(coalesce(sum(weekly_hidden.hidden_change) over so_far, 0) as integer)
            as hidden,
        greatest(
            max(weekly_sums.kept_order) over so_far, passing_grades.passing_order
        ) as last_order,
        totals.final_grade as total_grade,
        totals.grade_share as total_share,
        count(totals.learner_id) over so_far as total_number
    from grid
    left join weekly_sums
        on
            grid.learner_id = weekly_sums.learner_id
            and grid.course_id = weekly_sums.course_id
            and grid.week_start = weekly_sums.week_start
    left join weekly_hidden
        on
            grid.learner_id = weekly_hidden.learner_id
            and grid.course_id = weekly_hidden.course_id
            and grid.week_start = weekly_hidden.week_start
    left join passing_grades
        on
            grid.learner_id = passing_grades.learner_id
            and grid.course_id = passing_grades.course_id
            and grid.week_start = passing_grades.week_start
    left join totals
        on
            grid.learner_id = totals.learner_id
            and grid.course_id = totals.course_id
            and grid.week_start = totals.week_start
            and totals.is_last_of_week
    window so_far as (
        partition by grid.learner_id, grid.course_id
        order by grid.week_start
        rows between unbounded preceding and current row
    )

),

carried as (

    select
        *,
        cast(share / nullif(shared, 0) as numeric(20, 8)) as grade_mean_share,
        max(total_grade) over same_total as course_total_grade,
        max(total_share) over same_total as course_total_share
    from dense
    window same_total as (partition by learner_id, course_id, total_number)

),

final as (

    select
        carried.learner_course_week_id,
        carried.learner_id,
        carried.course_id,
        carried.week_start,
        carried.counted as graded_item_count,
        carried.hidden as hidden_graded_item_count,
        carried.passed as passed_item_count,
        carried.grade_mean_share,
        known.grade_share as grade_last_share,
        carried.grade_mean_share - lag(carried.grade_mean_share, 3) over (
            partition by carried.learner_id, carried.course_id
            order by carried.week_start
        ) as grade_trend,
        carried.course_total_grade,
        carried.course_total_share,
        {{ share_of_range(
            'course_totals.grade_pass', 'course_totals.grade_min',
            'course_totals.grade_max'
        ) }} as course_pass_share
    from carried
    left join known
        on
            carried.learner_id = known.learner_id
            and carried.course_id = known.course_id
            and carried.last_order = known.grade_order
    left join course_totals
        on
            course_totals.total_number = 1
            and carried.course_id = course_totals.course_id
            and carried.week_start >= course_totals.from_week
            and coalesce(carried.week_start < course_totals.to_week, true)

)

select * from final
where {{ of_changed_weeks('course_id', 'week_start') }}
