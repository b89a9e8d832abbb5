{#
    One row per learner, course and week of the grid: the states of the learner's items as they were
    at the end of the week. Each item is in one state at a time; what was known before the learner's
    first week counts from that week on. Shares, hours and misses are over items whose deadline had
    come, and that were due after the learner's start.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set states = ['on_time', 'late', 'missing', 'open', 'no_deadline', 'unknown'] %}
{% set judged = ['due_on_time', 'due_late', 'due_missing'] %}
{% set counts = states + judged + ['due', 'missed', 'timed', 'ranked'] %}
{% set sums = ['timed', 'ranked'] %}
{% set forever = end_of_time() %}
{#- What an item adds to a measure, from one week until another. -#}
{% set spells = [
    ('first_state', 'known_week', 'first_state_until', 'null', 'true'),
    ("'missing'", 'due_from', 'missing_until', 'null', "first_state = 'open'"),
    ("'unknown'", 'marked_from', 'submitted_from', 'null', 'true'),
    ('last_state', 'submitted_from', forever, 'null', 'true'),
    ("'due'", 'due_from', forever, 'null', 'true'),
    (
        "'due_missing'", 'due_from', 'missing_until', 'null',
        "first_state = 'open' and is_due_while_enrolled"
    ),
    (
        "'due_' || last_state", 'greatest(due_from, submitted_from)', forever, 'null',
        "last_state in ('on_time', 'late') and is_due_while_enrolled"
    ),
    ("'missed'", 'missed_week', 'missing_until', 'null', 'missed_week is not null'),
    (
        "'timed'", 'submitted_from', forever, 'hours_before_due',
        'hours_before_due is not null'
    ),
    (
        "'ranked'", 'submitted_from', forever, 'submission_rank_share',
        'submission_rank_share is not null'
    ),
] %}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

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

items as (

    select
        submissions.learner_id,
        submissions.course_id,
        submissions.course_module_id,
        submissions.is_source_known,
        submissions.is_deadline_known,
        submissions.is_due_while_enrolled,
        submissions.hours_before_due,
        submissions.submission_rank_share,
        first_weeks.first_week,
        submissions.known_week,
        submissions.due_week,
        submissions.submitted_week,
        submissions.graded_week,
        submissions.missed_week,
        submissions.due_at,
        submissions.submitted_at
    from submissions
    inner join first_weeks
        on
            submissions.learner_id = first_weeks.learner_id
            and submissions.course_id = first_weeks.course_id

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
    from items

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

    {% for measure, from_week, to_week, amount, condition in spells %}
    select
        learner_id,
        course_id,
        {{ measure }} as measure,
        cast({{ amount }} as numeric(20, 8)) as amount,
        first_week,
        {{ from_week }} as from_week,
        {{ to_week }} as to_week
    from intervals
    where {{ from_week }} < {{ to_week }} and {{ condition }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

signed as (

    select
        learner_id,
        course_id,
        greatest(from_week, first_week) as week_start,
        measure,
        amount,
        1 as number
    from changes
    union all
    select
        learner_id,
        course_id,
        greatest(to_week, first_week) as week_start,
        measure,
        -amount as amount,
        -1 as number
    from changes
    where to_week < {{ forever }}

),

weekly_changes as (

    select
        learner_id,
        course_id,
        {%- for measure in counts %}
        cast(sum(case when measure = '{{ measure }}' then number else 0 end) as integer)
            as {{ measure }}_change,
        {%- endfor %}
        {%- for measure in sums %}
        sum(case when measure = '{{ measure }}' then amount end)
            as {{ measure }}_sum_change,
        {%- endfor %}
        week_start
    from signed
    group by learner_id, course_id, week_start

),

latest_due as (

    select
        learner_id,
        course_id,
        greatest(due_from, first_week) as week_start,
        max(due_order) as due_order
    from intervals
    where due_week is not null and is_source_known and is_due_while_enrolled
    group by learner_id, course_id, greatest(due_from, first_week)

),

dense as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        {%- for measure in counts %}
        cast(
            coalesce(sum(weekly_changes.{{ measure }}_change) over so_far, 0) as integer
        ) as {{ measure }},
        {%- endfor %}
        {%- for measure in sums %}
        sum(weekly_changes.{{ measure }}_sum_change) over so_far as {{ measure }}_sum,
        {%- endfor %}
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
            and intervals.missing_until > dense.week_start,
            false
        ) as is_latest_due_missed,
        dense.due_on_time + dense.due_late + dense.due_missing as judged_item_count,
        cast(
            cast(dense.due_on_time as numeric(20, 8)) / nullif(
                cast(
                    dense.due_on_time + dense.due_late + dense.due_missing
                    as numeric(20, 8)
                ), 0
            ) as numeric(20, 8)
        ) as on_time_share,
        cast(
            cast(dense.timed_sum as numeric(20, 8))
            / nullif(cast(dense.timed as numeric(20, 8)), 0)
            as numeric(20, 8)
        ) as mean_hours_early,
        cast(
            cast(dense.ranked_sum as numeric(20, 8))
            / nullif(cast(dense.ranked as numeric(20, 8)), 0)
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
