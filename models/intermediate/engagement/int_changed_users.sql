{#
    One row per user whose activity this build computes anew: from which week on, from which session on
    (its start stays as it was, whatever came), and from which epoch on events must be read for it.
    Next to those of whom something came, or who are now seen as somebody else, these are users whose
    minutes hang on the median of the others. Empty where everything is made whole.
    Leaves out weeks and sessions that ended before anything changed.
#}
{% set state = build_state() %}
{% set stored_sessions = state_relation('int_session_days') %}
{% set stored_users = state_relation('build_users') %}

with log_rows as (

    select
        user_id,
        occurred_epoch
    from {{ ref('int_log_rows') }}
    where
        build_number = {{ build_number() if state else 'null' }}
        and user_id > 0
        and occurred_epoch > 0

),

users as (

    select
        user_id,
        timezone,
        is_guest,
        is_deleted
    from {{ ref('int_users_classified') }}

),

known_rows as (

    select user_id from {{ ref('stg_moodle__logstore_standard_log') }}
    where event_id <= {{ state['last_event_id'] if state else 'null' }}

),

history as (

    select user_id from {{ ref('int_log_rows') }}
    where occurred_epoch < {{ log_bounds(state)['cleaned_until'] if state else 'null' }}

),

{% if state -%}
reclassified as (

    select coalesce(users.user_id, stored.user_id) as user_id
    from users
    full outer join {{ stored_users }} as stored
        on users.user_id = stored.user_id
    where
        case
            when users.user_id is null then true
            -- Rows of somebody who was no user yet.
            when stored.user_id is null
                then exists (
                    select 1 from known_rows
                    where known_rows.user_id = users.user_id
                ) or exists (
                    select 1 from history
                    where history.user_id = users.user_id
                )
            else
                users.timezone <> stored.timezone
                or users.is_guest <> stored.is_guest
                or users.is_deleted <> stored.is_deleted
        end

),

changes as (

    select
        user_id,
        min(occurred_epoch) as changed_epoch,
        false as is_reclassified
    from log_rows
    group by user_id
    union all
    select
        user_id,
        1 as changed_epoch,
        true as is_reclassified
    from reclassified

),

by_user as (

    select
        user_id,
        min(changed_epoch) as changed_epoch,
        {{ bool_or('is_reclassified') }} as is_reclassified
    from changes
    group by user_id

),

begun as (

    select
        by_user.user_id,
        by_user.is_reclassified,
        -- A session that ended longer ago than the limit stays as it was.
        case
            when
                last_day.last_event_at
                >= {{ epoch_to_timestamp(
                    'by_user.changed_epoch - ' ~ session_gap_seconds()
                ) }}
                then last_day.session_start_epoch
            else by_user.changed_epoch
        end as session_start_epoch
    from by_user
    left join
        lateral (
            select
                stored.session_start_epoch,
                stored.last_event_at
            from {{ stored_sessions }} as stored
            where
                stored.user_id = by_user.user_id
                and stored.session_start_epoch <= by_user.changed_epoch
            order by
                stored.week_start desc,
                stored.session_start_epoch desc,
                stored.last_event_at desc
            limit 1
        ) as last_day
        on true

),

dated as (

    select
        *,
        {{ week_start(local_date(epoch_to_timestamp('session_start_epoch'))) }}
            as week_start
    from begun

),

dependent as (

    select
        user_id,
        min(week_start) as week_start
    from {{ stored_sessions }}
    where
        median_gap_seconds is null
        and week_start >= (select min(week_start) from dated)
    group by user_id

),

weeks as (

    select
        coalesce(dated.user_id, dependent.user_id) as user_id,
        coalesce(dated.is_reclassified, false) as is_reclassified,
        least(dated.week_start, dependent.week_start) as week_start,
        dated.session_start_epoch
    from dated
    full outer join dependent
        on dated.user_id = dependent.user_id

),

-- By user, each from the table's index: what came before the weeks is not read.
aligned as (

    select
        weeks.user_id,
        weeks.is_reclassified,
        weeks.week_start,
        least(weeks.session_start_epoch, first_day.session_start_epoch)
            as session_start_epoch
    from weeks
    left join
        lateral (
            select stored.session_start_epoch
            from {{ stored_sessions }} as stored
            where
                stored.user_id = weeks.user_id
                and stored.week_start >= weeks.week_start
            order by stored.week_start, stored.session_start_epoch
            limit 1
        ) as first_day
        on true

),

final as (

    select
        cast(aligned.user_id as bigint) as user_id,
        aligned.week_start,
        aligned.session_start_epoch,
        {{ local_midnight_epoch(week_start(
            local_date(epoch_to_timestamp('aligned.session_start_epoch'))
        )) }} as read_from_epoch,
        last_day.session_end_event_id as previous_event_id,
        aligned.is_reclassified
    from aligned
    left join
        lateral (
            select stored.session_end_event_id
            from {{ stored_sessions }} as stored
            where
                stored.user_id = aligned.user_id
                and stored.session_start_epoch < aligned.session_start_epoch
                and stored.session_end_event_id is not null
            order by stored.week_start desc, stored.session_start_epoch desc
            limit 1
        ) as last_day
        on true

)
{%- else -%}
final as (

    select
        cast(user_id as bigint) as user_id,
        cast(null as date) as week_start,
        cast(null as bigint) as session_start_epoch,
        cast(null as bigint) as read_from_epoch,
        cast(null as bigint) as previous_event_id,
        false as is_reclassified
    from log_rows

)
{%- endif %}

select * from final
