{#
    One row per check of the log: how many of its rows, weeks and sessions a check concerns, and of
    how many. Reads the ledger of days and the sessions, never the log itself.
    Stray are rows beyond a gap of more than stray_gap_days when they are so few that a wrong clock
    explains them better than a pause; the weeks between are not lost ones.
#}
{% set checks = [
    'automatic_events', 'left_out_events', 'unknown_user_events', 'events_without_time',
    'unknown_event_names', 'stray_late_events', 'stray_early_events', 'lost_weeks',
    'events_out_of_order', 'repeated_events', 'sessions_quarantined',
] %}
{% set gap = 'lead(occurred_on) over (order by occurred_on)' %}
{% set gap_before = 'lag(occurred_on) over (order by occurred_on)' %}

with event_days as (

    select
        left_out_reason,
        is_known,
        is_automatic,
        event_count,
        occurred_on
    from {{ ref('int_event_days') }}

),

session_days as (

    select
        session_start_event_id,
        is_quarantined,
        event_count,
        out_of_order_count,
        repeated_event_count
    from {{ ref('int_session_days') }}

),

days as (

    select
        occurred_on,
        sum(event_count) as event_count
    from event_days
    where occurred_on is not null
    group by occurred_on

),

placed as (

    select
        occurred_on,
        event_count,
        {{ days_between(gap_before, 'occurred_on') }} > {{ var('stray_gap_days') }}
            as is_after_gap,
        {{ days_between('occurred_on', gap) }} > {{ var('stray_gap_days') }}
            as is_before_gap,
        sum(event_count) over (order by occurred_on nulls last) as count_until,
        sum(event_count) over (order by occurred_on desc nulls first) as count_from,
        {{ var('stray_share') }} * sum(event_count) over () as stray_limit
    from days

),

bounds as (

    select
        min(case when is_after_gap and count_from <= stray_limit then occurred_on end)
            as stray_from,
        max(case when is_before_gap and count_until <= stray_limit then occurred_on end)
            as stray_until
    from placed

),

judged_days as (

    select
        days.occurred_on,
        days.event_count,
        coalesce(days.occurred_on >= bounds.stray_from, false) as is_stray_late,
        coalesce(days.occurred_on <= bounds.stray_until, false) as is_stray_early
    from days
    cross join bounds

),

strays as (

    select
        sum(case when is_stray_late then event_count end) as stray_late_events_count,
        sum(case when is_stray_early then event_count end)
            as stray_early_events_count
    from judged_days

),

weeks as (

    select
        {{ weeks_between(
            week_start('min(occurred_on)'), week_start('max(occurred_on)')
        ) }} + 1 as week_count,
        count(distinct {{ week_start('occurred_on') }}) as seen_week_count
    from judged_days
    where not is_stray_late and not is_stray_early

),

ledger as (

    select
        sum(case when is_automatic then event_count end) as automatic_events_count,
        sum(
            case
                when left_out_reason <> 'automatic' and not is_automatic
                    then event_count
            end
        ) as left_out_events_count,
        sum(case when left_out_reason = 'unknown_user' then event_count end)
            as unknown_user_events_count,
        sum(case when left_out_reason = 'no_time' then event_count end)
            as events_without_time_count,
        sum(case when not is_known then event_count end) as unknown_event_names_count,
        sum(event_count) as row_count
    from event_days

),

sessions as (

    select
        sum(out_of_order_count) as events_out_of_order_count,
        sum(repeated_event_count) as repeated_events_count,
        {{ count_if('is_quarantined and session_start_event_id is not null') }}
            as sessions_quarantined_count,
        sum(event_count) as activity_event_count,
        count(session_start_event_id) as session_count
    from session_days

),

measured as (

    select
        ledger.automatic_events_count,
        ledger.left_out_events_count,
        ledger.unknown_user_events_count,
        ledger.events_without_time_count,
        ledger.unknown_event_names_count,
        strays.stray_late_events_count,
        strays.stray_early_events_count,
        sessions.events_out_of_order_count,
        sessions.repeated_events_count,
        sessions.sessions_quarantined_count,
        weeks.week_count - weeks.seen_week_count as lost_weeks_count,
        ledger.row_count as automatic_events_total,
        ledger.row_count as left_out_events_total,
        ledger.row_count as unknown_user_events_total,
        ledger.row_count as events_without_time_total,
        ledger.row_count as unknown_event_names_total,
        ledger.row_count as stray_late_events_total,
        ledger.row_count as stray_early_events_total,
        weeks.week_count as lost_weeks_total,
        sessions.activity_event_count as events_out_of_order_total,
        sessions.activity_event_count as repeated_events_total,
        sessions.session_count as sessions_quarantined_total
    from ledger
    cross join strays
    cross join weeks
    cross join sessions

),

final as (

    {{ check_rows('measured', checks) }}

)

select * from final
