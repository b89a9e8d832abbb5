{#
    One row per ISO week of the program's zone, from the earliest week of a learner or of the log to
    the week of the last log row; no week is missing in between. Weeks before the log begins are
    kept, for learners enrolled then, and marked as not observed.
#}
{% set sunday = add_days('all_days.calendar_date', 6) %}

with days as (

    select
        calendar_date,
        week_start,
        observed_until_epoch
    from {{ ref('int_days') }}

),

learner_courses as (

    select started_on from {{ ref('int_learner_courses') }}

),

log_range as (

    select
        min(calendar_date) as first_log_on,
        max(calendar_date) as last_log_on,
        max(observed_until_epoch) as last_log_epoch
    from days

),

earliest as (

    select min(started_on) as first_started_on from learner_courses

),

week_range as (

    select
        {{ week_start('least(log_range.first_log_on, earliest.first_started_on)') }}
            as first_date,
        {{ week_start('log_range.last_log_on') }} as last_date
    from log_range
    cross join earliest

),

all_days as (

    {{ date_range('week_range') }}

),

final as (

    select
        all_days.calendar_date as week_start,
        {{ sunday }} as week_end,
        {{ sunday }} >= log_range.first_log_on as is_observed,
        log_range.first_log_on > all_days.calendar_date
        and log_range.first_log_on <= {{ sunday }}
        or log_range.last_log_on < {{ sunday }} as is_partial_week,
        least({{ sunday }}, log_range.last_log_on) as observed_until,
        {{ epoch_to_timestamp(
            'least(' ~ local_midnight_epoch(add_days(sunday, 1))
            ~ ', log_range.last_log_epoch)'
        ) }} as observed_until_at
    from all_days
    cross join log_range
    where all_days.calendar_date = {{ week_start('all_days.calendar_date') }}

)

select * from final
