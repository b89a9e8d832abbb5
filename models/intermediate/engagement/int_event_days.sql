{#
    One row per local date, event name and reason for being left out: the ledger of the log. Every
    row of the log is counted in exactly one row here, with what the name of the event means.
    Names that the seed event_types does not know are classified by rules and marked.
#}
-- depends_on: {{ ref('int_changed_days') }}
{{ config(materialized=incremental_table(), incremental_strategy='replace_days') }}

{% set columns = [
    'event_type_key', 'unknown_event_name', 'occurred_on', 'left_out_reason',
] | join(', ') %}

with {% if increments() %}
changed_days as (

    select * from {{ ref('int_changed_days') }}

),

{% endif -%}
events as (

    select {{ columns }} from {{ ref('int_events_screened') }}
    {%- if increments() %}
    where
        occurred_on >= (select min(occurred_on) from changed_days)
        and occurred_on in (select occurred_on from changed_days)
    union all
    select {{ columns }} from {{ ref('int_events_screened') }}
    where
        occurred_on is null
        and exists (
            select 1 from changed_days
            where occurred_on is null
        )
    {%- endif %}

),

event_types as (

    select
        event_name,
        {{ event_type_key('event_name') }} as event_type_key,
        activity_kind,
        verb,
        is_automatic,
        is_companion,
        cognitive_depth
    from {{ ref('event_types') }}

),

grouped as (

    select
        event_type_key,
        occurred_on,
        left_out_reason,
        max(unknown_event_name) as unknown_event_name,
        count(*) as event_count
    from events
    group by event_type_key, occurred_on, left_out_reason

),

counted as (

    select
        grouped.event_type_key,
        coalesce(event_types.event_name, grouped.unknown_event_name) as event_name,
        grouped.left_out_reason,
        event_types.event_name is not null as is_known,
        event_types.activity_kind,
        event_types.verb,
        event_types.is_automatic,
        event_types.is_companion,
        event_types.cognitive_depth,
        grouped.event_count,
        grouped.occurred_on
    from grouped
    left join event_types
        on grouped.event_type_key = event_types.event_type_key

),

final as (

    select
        event_name || ' '
        || coalesce({{ row_key(['occurred_on']) }}, 'no date') || ' '
        || coalesce(left_out_reason, 'counted') as event_day_id,
        event_type_key,
        event_name,
        coalesce(activity_kind, {{ event_fallback_kind('event_name') }})
            as activity_kind,
        coalesce(verb, {{ event_fallback_verb('event_name') }}) as verb,
        coalesce(left_out_reason, case when is_automatic then 'automatic' end)
            as left_out_reason,
        is_known,
        coalesce(is_automatic, false) as is_automatic,
        coalesce(is_companion, {{ event_fallback_is_companion('event_name') }})
            as is_companion,
        coalesce(cognitive_depth, 0) as cognitive_depth,
        event_count,
        occurred_on
    from counted

)

select * from final
