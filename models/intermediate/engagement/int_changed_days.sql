{#
    One row per local date whose ledger this build counts anew; NULL stands for rows without a time.
    All dates are, where somebody is now seen as somebody else. Empty where everything is made whole.
#}
{% set state = build_state() %}

with log_rows as (

    select
        occurred_on,
        build_number
    from {{ ref('int_log_rows') }}
    {%- if not state %}
    where false
    {%- endif %}

),

changed_users as (

    select is_reclassified from {{ ref('int_changed_users') }}

),

final as (

    select
        coalesce({{ row_key(['occurred_on']) }}, 'no date') as changed_day_id,
        occurred_on
    from log_rows
    where
        build_number = {{ build_number() }}
        or (select {{ bool_or('is_reclassified') }} from changed_users)
    group by occurred_on

)

select * from final
