{#
    One row per row of the log, also of what Moodle has deleted since, with the first reason, if any,
    for which it is nobody's activity whatever its name. Leaves out nothing: int_event_days counts
    every row.
#}
{{ config(materialized='view') }}

with log_rows as (

    select * from {{ ref('int_log_rows') }}
    where not is_removed

),

users as (

    select
        user_id,
        timezone,
        is_guest,
        is_deleted
    from {{ ref('int_users_classified') }}

),

final as (

    select
        log_rows.event_id,
        log_rows.user_id,
        log_rows.course_id,
        log_rows.course_module_id,
        log_rows.event_type_key,
        log_rows.unknown_event_name,
        users.timezone,
        case
            when log_rows.own_reason in ('no_time', 'system_user')
                then log_rows.own_reason
            when users.is_guest then 'guest'
            when log_rows.own_reason is not null then log_rows.own_reason
            when users.user_id is null then 'unknown_user'
            when users.is_deleted then 'deleted_user'
        end as left_out_reason,
        log_rows.edulevel,
        log_rows.occurred_epoch,
        log_rows.occurred_on
    from log_rows
    left join users
        on log_rows.user_id = users.user_id

)

select * from final
