{#
    One row per row of the log, with its local date and the first reason, if any, for which it is
    nobody's activity whatever its name. Leaves out nothing: int_event_days counts every row.
#}
{{ config(materialized='view') }}

with log_rows as (

    select * from {{ ref('stg_moodle__logstore_standard_log') }}

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
        -- The site itself is course 1, however the row says so.
        coalesce(nullif(log_rows.course_id, 0), 1) as course_id,
        case
            when log_rows.context_level = 70 then log_rows.context_instance_id
        end as course_module_id,
        log_rows.event_name,
        users.timezone,
        case
            when log_rows.occurred_epoch <= 0 then 'no_time'
            when log_rows.user_id <= 0 then 'system_user'
            when users.is_guest then 'guest'
            when log_rows.real_user_id is not null then 'logged_in_as'
            when log_rows.origin in ('cli', 'restore') then 'command_line_or_restore'
            when log_rows.is_anonymous then 'anonymous'
            when users.user_id is null then 'unknown_user'
            when users.is_deleted then 'deleted_user'
        end as left_out_reason,
        log_rows.edulevel,
        log_rows.occurred_epoch,
        case
            when log_rows.occurred_epoch > 0
                then
                    {{ calendar_date_of_epoch(
                        'log_rows.occurred_epoch', ref('int_days')
                    ) }}
        end as occurred_on
    from log_rows
    left join users
        on log_rows.user_id = users.user_id

)

select * from final
