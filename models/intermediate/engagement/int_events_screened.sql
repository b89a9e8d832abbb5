{#
    One row per row of the log, also of what Moodle has deleted since, with the first reason, if any,
    for which it is nobody's activity whatever its name. Leaves out nothing: int_event_days counts
    every row. Without CTEs, so that who reads it may have other joins done before this one.
#}
{{ config(materialized='view') }}

select
    log_rows.event_id,
    log_rows.user_id,
    log_rows.course_id,
    log_rows.course_module_id,
    log_rows.event_type_key,
    log_rows.unknown_event_name,
    users.timezone,
    case
        -- Without a time, or the system's own: no user is asked for.
        when log_rows.own_reason_number <= 2
            then {{ own_reason('log_rows.own_reason_number') }}
        when users.is_guest then 'guest'
        when log_rows.own_reason_number is not null
            then {{ own_reason('log_rows.own_reason_number') }}
        when users.is_guest is null then 'unknown_user'
        when users.is_deleted then 'deleted_user'
    end as left_out_reason,
    -- That there is no reason, in terms of columns before they are joined.
    log_rows.own_reason_number is null and not users.is_guest and not users.is_deleted
        as is_kept,
    log_rows.edulevel,
    log_rows.occurred_epoch,
    log_rows.occurred_on
from {{ ref('int_log_rows') }} as log_rows
left join {{ ref('int_users_classified') }} as users
    on log_rows.user_id = users.user_id
where not log_rows.is_removed
