{#
    One row per local date from the first log row to the last, so that a log row finds its date by a
    search instead of time-zone arithmetic. Empty where the log is empty.
#}
with log_rows as (

    select occurred_epoch
    from {{ ref('stg_moodle__logstore_standard_log') }}
    where occurred_epoch > 0

),

log_range as (

    select
        {{ local_date(epoch_to_timestamp('min(occurred_epoch)')) }} as first_date,
        {{ local_date(epoch_to_timestamp('max(occurred_epoch)')) }} as last_date,
        max(occurred_epoch) as last_epoch
    from log_rows

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
