{#
    One row per grade item and week from which it stood as told here: the last state within the
    week, from the histories of items and of their categories. The first version reaches back to
    the beginning. Where today's item was changed after its last history row, or has none, today's
    state is one more version. Hidden is an item that is so itself or whose category is.
#}
{{ config(meta={'changed_from': {
    'week': 'from_week', 'columns': {'to_week': 'to_week'}
}}) }}

with items as (

    select * from {{ ref('stg_moodle__grade_items') }}

),

items_history as (

    select * from {{ ref('stg_moodle__grade_items_history') }}

),

categories as (

    select * from {{ ref('stg_moodle__grade_categories') }}

),

categories_history as (

    select * from {{ ref('stg_moodle__grade_categories_history') }}

),

last_item_changes as (

    select
        grade_item_id,
        max(changed_at) as changed_at
    from items_history
    group by grade_item_id

),

last_category_changes as (

    select
        grade_category_id,
        max(changed_at) as changed_at
    from categories_history
    group by grade_category_id

),

item_states as (

    select
        grade_item_id,
        course_id,
        grade_category_id,
        item_instance_id,
        item_name,
        item_type,
        item_module,
        grade_type,
        calculation is not null as is_calculated,
        coalesce(is_hidden, false) as is_hidden,
        hidden_until_at,
        history_action = 3 as is_deleted,
        grade_min,
        grade_max,
        grade_pass,
        changed_at,
        history_id as state_order
    from items_history
    union all
    select
        items.grade_item_id,
        items.course_id,
        items.grade_category_id,
        items.item_instance_id,
        items.item_name,
        items.item_type,
        items.item_module,
        items.grade_type,
        items.calculation is not null as is_calculated,
        coalesce(items.is_hidden, false) as is_hidden,
        items.hidden_until_at,
        false as is_deleted,
        items.grade_min,
        items.grade_max,
        items.grade_pass,
        items.modified_at as changed_at,
        0 as state_order
    from items
    left join last_item_changes
        on items.grade_item_id = last_item_changes.grade_item_id
    where
        last_item_changes.changed_at is null
        or items.modified_at > last_item_changes.changed_at

),

category_states as (

    select
        grade_category_id,
        full_name,
        coalesce(is_hidden, false) as is_hidden,
        hidden_until_at,
        changed_at,
        history_id as state_order
    from categories_history
    where history_action <> 3
    union all
    select
        categories.grade_category_id,
        categories.full_name,
        coalesce(categories.is_hidden, false) as is_hidden,
        categories.hidden_until_at,
        categories.modified_at as changed_at,
        0 as state_order
    from categories
    left join last_category_changes
        on categories.grade_category_id = last_category_changes.grade_category_id
    where
        last_category_changes.changed_at is null
        or categories.modified_at > last_category_changes.changed_at

),

item_weeks as (

    select
        *,
        {{ week_start(local_date('changed_at')) }} as changed_week,
        row_number() over (
            partition by grade_item_id order by changed_at nulls first, state_order
        ) = 1 as is_first,
        row_number() over (
            partition by grade_item_id, {{ week_start(local_date('changed_at')) }}
            order by changed_at desc nulls first, state_order desc nulls first
        ) = 1 as is_last_of_week
    from item_states

),

category_weeks as (

    select
        *,
        {{ week_start(local_date('changed_at')) }} as changed_week,
        row_number() over (
            partition by grade_category_id order by changed_at nulls first, state_order
        ) = 1 as is_first,
        row_number() over (
            partition by grade_category_id, {{ week_start(local_date('changed_at')) }}
            order by changed_at desc nulls first, state_order desc nulls first
        ) = 1 as is_last_of_week
    from category_states

),

-- Before the first row left of a history its values held, even those of a deletion.
item_spells as (

    {%- for is_beginning in [true, false] %}
    select
        grade_item_id,
        course_id,
        grade_category_id,
        item_instance_id,
        item_name,
        item_type,
        item_module,
        grade_type,
        is_calculated,
        is_hidden,
        {{ 'false' if is_beginning else 'is_deleted' }} as is_deleted,
        grade_min,
        grade_max,
        grade_pass,
        hidden_until_at,
        {{ beginning_of_time() if is_beginning else 'changed_week' }} as from_week
    from item_weeks
    where {{
        'is_first' if is_beginning
        else 'is_last_of_week and changed_week is not null'
        ~ ' and (is_deleted or not is_first)'
    }}
    {{ 'union all' if is_beginning }}
    {%- endfor %}

),

category_spells as (

    {%- for is_beginning in [true, false] %}
    select
        grade_category_id,
        full_name,
        is_hidden,
        hidden_until_at,
        {{ beginning_of_time() if is_beginning else 'changed_week' }} as from_week
    from category_weeks
    where {{
        'is_first' if is_beginning
        else 'is_last_of_week and changed_week is not null and not is_first'
    }}
    {{ 'union all' if is_beginning }}
    {%- endfor %}

),

item_versions as (

    select
        *,
        lead(from_week) over (
            partition by grade_item_id order by from_week
        ) as to_week
    from item_spells

),

category_versions as (

    select
        *,
        lead(from_week) over (
            partition by grade_category_id order by from_week
        ) as to_week
    from category_spells

),

joined as (

    select
        item_versions.grade_item_id,
        item_versions.course_id,
        item_versions.grade_category_id,
        item_versions.item_instance_id,
        item_versions.item_name,
        item_versions.item_type,
        item_versions.item_module,
        item_versions.grade_type,
        item_versions.is_calculated,
        category_versions.full_name as category_name,
        item_versions.is_hidden
        or coalesce(category_versions.is_hidden, false) as is_hidden,
        greatest(
            item_versions.hidden_until_at, category_versions.hidden_until_at
        ) as hidden_until_at,
        item_versions.is_deleted,
        item_versions.grade_min,
        item_versions.grade_max,
        item_versions.grade_pass,
        coalesce(items.needs_update, false) as needs_update,
        greatest(item_versions.from_week, category_versions.from_week) as from_week
    from item_versions
    left join items
        on item_versions.grade_item_id = items.grade_item_id
    left join category_versions
        on
            item_versions.grade_category_id = category_versions.grade_category_id
            and coalesce(
                item_versions.from_week < category_versions.to_week, true
            )
            and coalesce(
                category_versions.from_week < item_versions.to_week, true
            )

),

final as (

    select
        {{ row_key(['grade_item_id', 'from_week']) }} as grade_item_version_id,
        grade_item_id,
        course_id,
        grade_category_id,
        item_instance_id,
        item_name,
        item_type,
        item_module,
        category_name,
        grade_type,
        coalesce(is_calculated, false) as is_calculated,
        is_hidden,
        is_deleted,
        needs_update,
        grade_min,
        grade_max,
        case when grade_pass > 0 then grade_pass end as grade_pass,
        hidden_until_at,
        from_week,
        lead(from_week) over (
            partition by grade_item_id order by from_week
        ) as to_week
    from joined

)

select * from final
