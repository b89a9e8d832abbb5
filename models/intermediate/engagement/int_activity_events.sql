{#
    One row per activity event: something that a person did.
    Leaves out what int_event_days counts as left out.
#}
{{ config(materialized='view') }}

with screened as (

    select * from {{ ref('int_events_screened') }}
    where is_kept

),

event_types as (

    select * from {{ ref('int_event_types_seen') }}
    where not is_automatic

),

final as (

    select
        screened.event_id,
        screened.user_id,
        screened.course_id,
        screened.course_module_id,
        screened.event_type_key,
        event_types.activity_kind,
        event_types.verb,
        screened.edulevel = 2 and not event_types.is_companion as is_participating,
        screened.edulevel = 1 as is_teaching,
        event_types.is_companion,
        cast(event_types.cognitive_depth as smallint) as cognitive_depth,
        screened.timezone,
        screened.occurred_epoch,
        screened.occurred_on
    from screened
    inner join event_types
        on screened.event_type_key = event_types.event_type_key

)

select * from final
