{#
    One row per event name that stands in the log: what it means, and how often it was written.
    Leaves out names of the seed that this site has never written.
#}
with event_days as (

    select * from {{ ref('int_event_days') }}

),

final as (

    select
        event_type_key,
        event_name,
        activity_kind,
        verb,
        is_known,
        is_automatic,
        is_companion,
        cognitive_depth,
        sum(event_count) as event_count,
        sum(event_count) / sum(sum(event_count)) over () as event_share
    from event_days
    group by
        event_type_key,
        event_name,
        activity_kind,
        verb,
        is_known,
        is_automatic,
        is_companion,
        cognitive_depth

)

select * from final
