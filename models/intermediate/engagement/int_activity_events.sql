{#
    One row per activity event: something that a person did. The one pass over the log that carries
    single events; everything above reads days or changes. The gaps to the events before and after of
    the same user are taken here, once, over all courses: sessions and minutes follow from them.
    Leaves out what int_event_days counts as left out.
#}
with screened as (

    select * from {{ ref('int_events_screened') }}
    where left_out_reason is null

),

event_types as (

    select
        *,
        row_number() over (order by event_name) as event_type_number
    from {{ ref('int_event_types_seen') }}
    where not is_automatic

),

gapped as (

    select
        screened.event_id,
        screened.user_id,
        screened.course_id,
        screened.course_module_id,
        event_types.activity_kind,
        event_types.verb,
        screened.edulevel = 2 and not event_types.is_companion as is_participating,
        screened.edulevel = 1 as is_teaching,
        event_types.is_companion,
        cast(event_types.cognitive_depth as smallint) as cognitive_depth,
        {{ local_hour_of_week(
            epoch_to_timestamp('screened.occurred_epoch'), 'screened.timezone'
        ) }} as local_hour_of_week,
        screened.occurred_epoch,
        screened.occurred_on,
        screened.occurred_epoch - lag(screened.occurred_epoch) over by_user
            as seconds_since_previous,
        coalesce(
            lag(screened.occurred_epoch) over by_user = screened.occurred_epoch
            and lag(event_types.event_type_number) over by_user
            = event_types.event_type_number
            and lag(screened.course_id) over by_user = screened.course_id
            and lag(coalesce(screened.course_module_id, 0)) over by_user
            = coalesce(screened.course_module_id, 0),
            false
        ) as is_repeated,
        coalesce(lag(screened.event_id) over by_user > screened.event_id, false)
            as is_out_of_order,
        lead(screened.occurred_epoch) over by_user - screened.occurred_epoch
            as seconds_to_next
    from screened
    inner join event_types
        on screened.event_name = event_types.event_name
    window by_user as (
        partition by screened.user_id
        order by screened.occurred_epoch, screened.event_id
    )

),

flagged as (

    select
        event_id,
        user_id,
        course_id,
        course_module_id,
        activity_kind,
        verb,
        is_participating,
        is_teaching,
        is_companion,
        is_repeated,
        is_out_of_order,
        coalesce(seconds_since_previous > {{ session_gap_seconds() }}, true)
            as is_session_start,
        coalesce(seconds_to_next > {{ session_gap_seconds() }}, true) as is_session_end,
        cognitive_depth,
        local_hour_of_week,
        seconds_to_next,
        occurred_epoch,
        occurred_on
    from gapped

),

final as (

    select
        event_id,
        user_id,
        course_id,
        course_module_id,
        activity_kind,
        verb,
        is_participating,
        is_teaching,
        is_companion,
        is_repeated,
        is_out_of_order,
        is_session_start,
        is_session_end,
        cognitive_depth,
        local_hour_of_week,
        cast(
            sum(case when is_session_start then 1 else 0 end) over (
                partition by user_id
                order by occurred_epoch, event_id
                rows between unbounded preceding and current row
            ) as integer
        ) as session_number,
        cast(case when not is_session_end then seconds_to_next end as integer)
            as in_session_gap_seconds,
        occurred_epoch,
        occurred_on
    from flagged

)

select * from final
