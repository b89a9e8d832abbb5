{#
    One row per learner, course and week of the grid: the states of the learner's items as they were
    at the end of the week. Each item is in one state at a time; what was known before the learner's
    first week counts from that week on. Shares, hours and misses are over items whose deadline had
    come, and that were due after the learner's start.
#}
{% set states = ['on_time', 'late', 'missing', 'open', 'no_deadline', 'unknown'] %}
{% set sums = [
    'due', 'due_on_time', 'due_late', 'due_missing', 'missed', 'timed', 'ranked'
] %}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}

),

submissions as (

    select * from {{ ref('int_submissions') }}

),

first_weeks as (

    select
        learner_id,
        course_id,
        min(week_start) as first_week
    from grid
    group by learner_id, course_id

),

-- The later of two states holds: asked for, then due, then marked, then handed in.
phases as (

    select
        *,
        case
            when due_at is not null and is_source_known then 'open'
            when due_at is null and is_deadline_known then 'no_deadline'
            else 'unknown'
        end as first_state,
        case
            when due_at is null and not is_deadline_known then 'unknown'
            when due_at is null or submitted_at is null then 'no_deadline'
            when submitted_at <= due_at then 'on_time'
            else 'late'
        end as last_state,
        coalesce(submitted_week, {{ end_of_time() }}) as submitted_from,
        case
            when due_at is not null or not is_deadline_known
                then coalesce(least(graded_week, submitted_week), {{ end_of_time() }})
            else coalesce(submitted_week, {{ end_of_time() }})
        end as marked_from,
        case
            when due_week is null then {{ end_of_time() }}
            else greatest(due_week, known_week)
        end as due_from,
        row_number() over (
            partition by learner_id, course_id
            order by
                case
                    when
                        due_week is not null
                        and is_source_known
                        and is_due_while_enrolled
                        then due_at
                end nulls first,
                course_module_id asc
        ) as due_order
    from submissions

),

intervals as (

    select
        *,
        case
            when first_state = 'open' then least(due_from, marked_from, submitted_from)
            else least(marked_from, submitted_from)
        end as first_state_until,
        least(marked_from, submitted_from) as missing_until
    from phases

),

changes as (

    select
        learner_id,
        course_id,
        known_week as from_week,
        first_state_until as to_week,
        first_state as measure,
        1 as amount
    from intervals
    union all
    select
        learner_id,
        course_id,
        due_from as from_week,
        missing_until as to_week,
        'missing' as measure,
        1 as amount
    from intervals
    where first_state = 'open'
    union all
    select
        learner_id,
        course_id,
        marked_from as from_week,
        submitted_from as to_week,
        'unknown' as measure,
        1 as amount
    from intervals
    union all
    select
        learner_id,
        course_id,
        submitted_from as from_week,
        {{ end_of_time() }} as to_week,
        last_state as measure,
        1 as amount
    from intervals
    union all
    select
        learner_id,
        course_id,
        due_from as from_week,
        {{ end_of_time() }} as to_week,
        'due' as measure,
        1 as amount
    from intervals
    union all
    select
        learner_id,
        course_id,
        due_from as from_week,
        missing_until as to_week,
        'due_missing' as measure,
        1 as amount
    from intervals
    where first_state = 'open' and is_due_while_enrolled
    union all
    select
        learner_id,
        course_id,
        greatest(due_from, submitted_from) as from_week,
        {{ end_of_time() }} as to_week,
        'due_' || last_state as measure,
        1 as amount
    from intervals
    where last_state in ('on_time', 'late') and is_due_while_enrolled
    union all
    select
        learner_id,
        course_id,
        missed_week as from_week,
        least(marked_from, submitted_from) as to_week,
        'missed' as measure,
        1 as amount
    from intervals
    where missed_week is not null
    union all
    select
        learner_id,
        course_id,
        submitted_from as from_week,
        {{ end_of_time() }} as to_week,
        'timed' as measure,
        hours_before_due as amount
    from intervals
    where hours_before_due is not null
    union all
    select
        learner_id,
        course_id,
        submitted_from as from_week,
        {{ end_of_time() }} as to_week,
        'ranked' as measure,
        submission_rank_share as amount
    from intervals
    where submission_rank_share is not null

),

signed as (

    select
        learner_id,
        course_id,
        from_week as changed_week,
        measure,
        amount,
        1 as number
    from changes
    where from_week < to_week
    union all
    select
        learner_id,
        course_id,
        to_week as changed_week,
        measure,
        -amount as amount,
        -1 as number
    from changes
    where from_week < to_week and to_week < {{ end_of_time() }}

),

weekly_changes as (

    select
        signed.learner_id,
        signed.course_id,
        greatest(signed.changed_week, first_weeks.first_week) as week_start,
        {%- for measure in states + sums %}
        sum(case when signed.measure = '{{ measure }}' then signed.amount else 0 end)
            as {{ measure }}_sum,
        {%- endfor %}
        sum(case when signed.measure = 'timed' then signed.number else 0 end)
            as timed_number,
        sum(case when signed.measure = 'ranked' then signed.number else 0 end)
            as ranked_number
    from signed
    inner join first_weeks
        on
            signed.learner_id = first_weeks.learner_id
            and signed.course_id = first_weeks.course_id
    group by
        signed.learner_id,
        signed.course_id,
        greatest(signed.changed_week, first_weeks.first_week)

),

latest_due as (

    select
        intervals.learner_id,
        intervals.course_id,
        greatest(intervals.due_from, first_weeks.first_week) as week_start,
        max(intervals.due_order) as due_order
    from intervals
    inner join first_weeks
        on
            intervals.learner_id = first_weeks.learner_id
            and intervals.course_id = first_weeks.course_id
    where
        intervals.due_week is not null
        and intervals.is_source_known
        and intervals.is_due_while_enrolled
    group by
        intervals.learner_id,
        intervals.course_id,
        greatest(intervals.due_from, first_weeks.first_week)

),

dense as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        {%- for measure in states + sums %}
        coalesce(sum(weekly_changes.{{ measure }}_sum) over so_far, 0) as {{ measure }},
        {%- endfor %}
        sum(weekly_changes.timed_number) over so_far as timed_number,
        sum(weekly_changes.ranked_number) over so_far as ranked_number,
        max(latest_due.due_order) over so_far as latest_due_order
    from grid
    left join weekly_changes
        on
            grid.learner_id = weekly_changes.learner_id
            and grid.course_id = weekly_changes.course_id
            and grid.week_start = weekly_changes.week_start
    left join latest_due
        on
            grid.learner_id = latest_due.learner_id
            and grid.course_id = latest_due.course_id
            and grid.week_start = latest_due.week_start
    window so_far as (
        partition by grid.learner_id, grid.course_id
        order by grid.week_start
        rows between unbounded preceding and current row
    )

),

final as (

    select
        dense.learner_course_week_id,
        dense.learner_id,
        dense.course_id,
        dense.week_start,
        dense.due as due_item_count,
        {%- for state in states %}
        dense.{{ state }} as {{ state }}_count,
        {%- endfor %}
        dense.missed as missed_count,
        coalesce(
            intervals.missed_week <= dense.week_start
            and least(intervals.marked_from, intervals.submitted_from)
            > dense.week_start,
            false
        ) as is_latest_due_missed,
        dense.due_on_time + dense.due_late + dense.due_missing as judged_item_count,
        cast(
            dense.due_on_time / nullif(
                cast(
                    dense.due_on_time + dense.due_late + dense.due_missing
                    as numeric(20, 8)
                ), 0
            ) as numeric(20, 8)
        ) as on_time_share,
        cast(
            dense.timed / nullif(cast(dense.timed_number as numeric(20, 8)), 0)
            as numeric(20, 8)
        ) as mean_hours_early,
        cast(
            dense.ranked / nullif(cast(dense.ranked_number as numeric(20, 8)), 0)
            as numeric(20, 8)
        ) as submission_rank_share
    from dense
    left join intervals
        on
            dense.learner_id = intervals.learner_id
            and dense.course_id = intervals.course_id
            and dense.latest_due_order = intervals.due_order

)

select * from final
