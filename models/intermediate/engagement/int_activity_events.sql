{#
    One row per activity event: something that a person did. Names that the seed event_types does not
    know are classified by rules.
    Leaves out what int_event_days counts as left out.
#}
{{ config(materialized='view') }}

with screened as (

    select * from {{ ref('int_events_screened') }}
    where is_kept

),

event_types as (

    select
        {{ event_type_key('event_name') }} as event_type_key,
        activity_kind,
        verb,
        is_automatic,
        is_companion,
        cast(cognitive_depth as smallint) as cognitive_depth
    from {{ ref('event_types') }}

),

classified as (

    select
        screened.event_id,
        screened.user_id,
        screened.course_id,
        screened.course_module_id,
        screened.event_type_key,
        screened.edulevel,
        coalesce(
            event_types.activity_kind,
            {{ event_fallback_kind('screened.unknown_event_name') }}
        ) as activity_kind,
        coalesce(
            event_types.verb, {{ event_fallback_verb('screened.unknown_event_name') }}
        ) as verb,
        coalesce(
            event_types.is_companion,
            {{ event_fallback_is_companion('screened.unknown_event_name') }}
        ) as is_companion,
        coalesce(event_types.cognitive_depth, 0) as cognitive_depth,
        screened.timezone,
        screened.occurred_epoch,
        screened.occurred_on
    from screened
    left join event_types
        on screened.event_type_key = event_types.event_type_key
    where not coalesce(event_types.is_automatic, false)

),

final as (

    select
        event_id,
        user_id,
        course_id,
        course_module_id,
        event_type_key,
        activity_kind,
        verb,
        edulevel = 2 and not is_companion as is_participating,
        edulevel = 1 as is_teaching,
        is_companion,
        cognitive_depth,
        timezone,
        occurred_epoch,
        occurred_on
    from classified

)

select * from final
