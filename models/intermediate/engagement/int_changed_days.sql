{#
    One row per local date whose ledger this build counts anew; NULL stands for rows without a time.
    All dates are, where somebody is now seen as somebody else. Empty where everything is made whole.
#}
{% set state = build_state() %}

with new_rows as (

    select occurred_on from {{ ref('int_log_rows') }}
    where build_number = {{ build_number() if state else 'null' }}

),

-- Apart, so that what came is found by its number, without a look at all the others.
all_rows as (

    select occurred_on from {{ ref('int_log_rows') }}
    {%- if not state %}
    where false
    {%- endif %}

),

changed_users as (

    select is_reclassified from {{ ref('int_changed_users') }}

),

days as (

    select occurred_on from new_rows
    union distinct
    select occurred_on from all_rows
    where (select {{ bool_or('is_reclassified') }} from changed_users)

),

final as (

    select
        coalesce({{ row_key(['occurred_on']) }}, 'no date') as changed_day_id,
        occurred_on
    from days

)

select * from final
