{#
    What is this? Every row of the log stands in the ledger once, next to those that Moodle's cleanup has
    deleted since, and every row that the ledger counts is an activity event.
    When does it matter? A row lost or doubled here is wrong in every mart above.
    How to resolve: compare int_log_rows with the log by day. A join that doubles rows is the usual cause;
    rows older than log_lookback_rows that were changed since need `build --since`.
#}
with totals as (

    select
        (
            select count(*)
            from {{ ref('stg_moodle__logstore_standard_log') }}
        ) as log_rows,
        (
            select count(*)
            from {{ ref('int_log_rows') }}
            where not is_removed
        ) as kept_rows,
        {{ history_row_count() }} as history_rows,
        (
            select coalesce(sum(event_count), 0)
            from {{ ref('int_event_days') }}
        ) as ledger_rows,
        (
            select coalesce(sum(event_count), 0)
            from {{ ref('int_event_days') }}
            where left_out_reason is null
        ) as counted_rows,
        (select count(*) from {{ ref('int_activity_events') }}) as activity_events

)

select *
from totals
where
    ledger_rows <> kept_rows
    or counted_rows <> activity_events
    or history_rows = 0 and log_rows <> ledger_rows
    or log_rows > ledger_rows
