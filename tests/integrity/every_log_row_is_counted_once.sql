{#
    What is this? Every row of the log stands in the ledger once, and every row that the ledger counts is an
    activity event.
    When does it matter? A row lost or doubled here is wrong in every mart above.
    How to resolve: compare int_events_screened with the log by day; a join that doubles rows or an
    occurred_on outside int_days are the usual causes.
#}
with totals as (

    select
        (
            select count(*)
            from {{ ref('stg_moodle__logstore_standard_log') }}
        ) as log_rows,
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
where log_rows <> ledger_rows or counted_rows <> activity_events
