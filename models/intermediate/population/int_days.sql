{#
    One row per local date from the first log row to the last, so that a log row finds its date by a
    search instead of time-zone arithmetic. Empty where the log is empty.
#}
with event_days as (

    select occurred_on from {{ ref('int_event_days') }}

),

log_rows as (

    select
        occurred_on,
        occurred_epoch
    from {{ ref('int_log_rows') }}
    where not is_removed

),

date_span as (

    select
        min(occurred_on) as first_date,
        max(occurred_on) as last_date
    from event_days

),

log_range as (

    select
        date_span.first_date,
        date_span.last_date,
        (
            select max(log_rows.occurred_epoch) from log_rows
            where log_rows.occurred_on = date_span.last_date
        ) as last_epoch
    from date_span

),

calendar as (

    {{ date_range('log_range') }}

),

final as (

    select
        calendar.calendar_date,
        {{ week_start('calendar.calendar_date') }} as week_start,
        {{ local_midnight_epoch('calendar.calendar_date') }} as starts_epoch,
        -- The next midnight, or the last log row where that comes before.
        least(
            {{ local_midnight_epoch(add_days('calendar.calendar_date', 1)) }},
            log_range.last_epoch
        ) as observed_until_epoch
    from calendar
    cross join log_range

)

select * from final
