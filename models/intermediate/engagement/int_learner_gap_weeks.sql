{#
    One row per user and week with an activity event: the median gap within sessions, which stands
    for the time spent on the last event of a session. A week without such a gap of one's own takes
    the median of all users' medians of that week. Taken week by week, so that what happens later
    never changes minutes that were published.
#}
with events as (

    select
        user_id,
        in_session_gap_seconds,
        {{ week_start('occurred_on') }} as week_start
    from {{ ref('int_activity_events') }}

),

own as (

    select
        user_id,
        week_start,
        percentile_cont(0.5) within group (order by in_session_gap_seconds)
            as median_gap_seconds
    from events
    group by user_id, week_start

),

peers as (

    select
        week_start,
        percentile_cont(0.5) within group (order by median_gap_seconds)
            as median_gap_seconds
    from own
    group by week_start

),

final as (

    select
        cast(own.user_id as {{ dbt.type_string() }}) || ' '
        || cast(own.week_start as {{ dbt.type_string() }}) as learner_gap_week_id,
        own.user_id,
        own.week_start,
        coalesce(own.median_gap_seconds, peers.median_gap_seconds, 0) as median_gap_seconds
    from own
    inner join peers
        on own.week_start = peers.week_start

)

select * from final
