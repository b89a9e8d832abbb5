{#
    One row per state of a user's grade of an item, in order of time: the rows of the history of
    grades in which something changed. Today's grade is one more state where it was changed after
    its last history row, or has none. A deleted grade is a state without a grade. Leaves out rows
    that repeat the state before them. Users need not be learners of the course.
#}
{% set compared = [
    'final_grade', 'raw_grade_min', 'raw_grade_max', 'is_excluded', 'is_hidden',
    'hidden_until_at', 'is_overridden'
] %}
with grades as (

    select * from {{ ref('stg_moodle__grade_grades') }}

),

grades_history as (

    select * from {{ ref('stg_moodle__grade_grades_history') }}

),

all_states as (

    select
        user_id,
        grade_item_id,
        case when history_action <> 3 then final_grade end as final_grade,
        raw_grade_min,
        raw_grade_max,
        is_excluded,
        is_overridden,
        coalesce(is_hidden, false) as is_hidden,
        hidden_until_at,
        changed_at,
        changed_at as history_changed_at,
        history_id as state_order
    from grades_history
    union all
    select
        user_id,
        grade_item_id,
        final_grade,
        raw_grade_min,
        raw_grade_max,
        is_excluded,
        is_overridden,
        coalesce(is_hidden, false) as is_hidden,
        hidden_until_at,
        coalesce(graded_at, submitted_at) as changed_at,
        cast(null as {{ data_type('timestamp with time zone') }}) as history_changed_at,
        cast(null as bigint) as state_order
    from grades

),

dated as (

    select
        *,
        max(history_changed_at) over (
            partition by user_id, grade_item_id
        ) as last_history_at
    from all_states

),

states as (

    select *
    from dated
    where
        state_order is not null
        or last_history_at is null
        or changed_at > last_history_at

),

ordered as (

    select
        *,
        row_number() over by_time as state_number,
        {%- for column in compared %}
        lag({{ column }}) over by_time as previous_{{ column }},
        {%- endfor %}
        last_history_at is not null as has_history
    from states
    window by_time as (
        partition by user_id, grade_item_id
        order by changed_at nulls first, state_order nulls last
    )

),

changed as (

    select
        *,
        coalesce(
            final_grade <> previous_final_grade, final_grade is not null
        ) as is_new_grade
    from ordered
    where
        {%- for column in compared %}
        {{ column }} is distinct from previous_{{ column }} or
        {%- endfor %}
        state_number = 1

),

final as (

    select
        {{ row_key(['user_id', 'grade_item_id', 'state_number']) }} as grade_state_id,
        user_id,
        grade_item_id,
        state_number,
        final_grade,
        raw_grade_min,
        raw_grade_max,
        is_excluded,
        is_overridden,
        is_hidden,
        is_new_grade,
        has_history,
        max(case when is_new_grade then changed_at end) over (
            partition by user_id, grade_item_id
            order by state_number
            rows between unbounded preceding and current row
        ) as grade_set_at,
        min(
            case when final_grade is not null and not is_excluded then changed_at end
        ) over (
            partition by user_id, grade_item_id
            order by state_number
            rows between unbounded preceding and current row
        ) as first_counted_at,
        hidden_until_at,
        changed_at
    from changed

)

select * from final
