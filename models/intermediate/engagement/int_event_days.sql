{#
    One row per local date, event name and reason for being left out: the ledger of the log. Every
    row of the log is counted in exactly one row here, with what the name of the event means.
    Names that the seed event_types does not know are classified by rules and marked.
#}
with events as (

    select
        event_name,
        occurred_on,
        left_out_reason
    from {{ ref('int_events_screened') }}

),

event_types as (

    select
        event_name,
        activity_kind,
        verb,
        is_automatic,
        is_companion,
        cognitive_depth
    from {{ ref('event_types') }}

),

counted as (

    select
        event_name,
        occurred_on,
        left_out_reason,
        count(*) as event_count
    from events
    group by event_name, occurred_on, left_out_reason

),

final as (

    select
        counted.event_name || ' '
        || coalesce({{ row_key(['counted.occurred_on']) }}, 'no date') || ' '
        || coalesce(counted.left_out_reason, 'counted') as event_day_id,
        counted.event_name,
        coalesce(
            event_types.activity_kind, {{ event_fallback_kind('counted.event_name') }}
        ) as activity_kind,
        coalesce(
            event_types.verb, {{ event_fallback_verb('counted.event_name') }}
        ) as verb,
        coalesce(
            counted.left_out_reason,
            case when event_types.is_automatic then 'automatic' end
        ) as left_out_reason,
        event_types.event_name is not null as is_known,
        coalesce(event_types.is_automatic, false) as is_automatic,
        coalesce(
            event_types.is_companion,
            {{ event_fallback_is_companion('counted.event_name') }}
        ) as is_companion,
        coalesce(event_types.cognitive_depth, 0) as cognitive_depth,
        counted.event_count,
        counted.occurred_on
    from counted
    left join event_types
        on counted.event_name = event_types.event_name

)

select * from final
