{#
    What is this? The sessions of each learner hold all activity events of the learner, their bounds are in
    order, and the minutes that are not quarantined are those of all days, own courses or not.
    When does it matter? Minutes counted twice, or lost between two courses, look plausible.
    How to resolve: compare int_session_days of the learner with int_activity_events.
#}
with sessions as (

    select
        learner_id,
        sum(event_count) as event_count,
        sum(case when is_quarantined then 0 else minutes_low end) as minutes_low,
        sum(
            case
                when
                    minutes_low > minutes_central or minutes_central > minutes_high
                    then 1
                else 0
            end
        ) as disordered_count
    from {{ ref('fct_sessions') }}
    group by learner_id

),

events as (

    select
        user_id,
        count(*) as event_count
    from {{ ref('int_activity_events') }}
    group by user_id

),

days as (

    select
        user_id,
        sum(case when is_quarantined then 0 else seconds_low end) / 60.0 as minutes_low
    from {{ ref('int_session_days') }}
    group by user_id

)

select
    sessions.learner_id,
    sessions.event_count,
    events.event_count as expected_event_count,
    sessions.minutes_low,
    days.minutes_low as expected_minutes_low,
    sessions.disordered_count
from sessions
inner join events
    on sessions.learner_id = events.user_id
inner join days
    on sessions.learner_id = days.user_id
where
    sessions.event_count <> events.event_count
    or abs(sessions.minutes_low - days.minutes_low) > 0.01 * sessions.event_count
    or sessions.disordered_count > 0
