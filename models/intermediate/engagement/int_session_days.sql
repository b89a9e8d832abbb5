{#
    One row per user, session, course and local date with an activity event; course 1 is the site.
    A gap counts for the course and date of its earlier event. A session's last event is credited
    with nothing (low), the learner's median gap within sessions of that week up to half the limit
    (central), or the whole limit (high). The median is taken week by week, so that what happens
    later never changes minutes that were published; a week without a gap of one's own takes the
    median of all users' medians of that week.
    Sessions that are too long are kept and flagged; whoever sums leaves them out.
#}
{% set limit = session_gap_seconds() | int %}
{#- What an event counts as by itself: each a bit of its marks, in this order. -#}
{% set marks = {
    'participating_event_count': 'is_participating',
    'teaching_event_count': 'is_teaching',
    'view_count': "verb = 'view' and not is_companion",
    'submission_count': "verb = 'submit' and not is_companion",
    'quiz_attempt_count': "verb = 'attempt' and not is_companion",
    'forum_view_count': "verb = 'view' and activity_kind = 'forum'",
    'forum_post_count': "verb = 'post'",
    'login_count': "verb = 'login'",
    'content_event_count': "activity_kind = 'content'",
    'assessment_event_count': "activity_kind = 'assessment'",
    'forum_event_count': "activity_kind = 'forum'",
} %}
{% set counts = {'event_count': 'true'} %}
{% for name in marks %}
    {% do counts.update({name: '(marks & ' ~ 2 ** loop.index0 ~ ') > 0'}) %}
{% endfor %}
{% do counts.update({
    'weekend_event_count': 'local_hour_of_week >= 120',
    'night_event_count': 'mod(local_hour_of_week, 24) >= ' ~ var('night_from_hour')
        ~ ' or mod(local_hour_of_week, 24) < ' ~ var('night_until_hour'),
    'repeated_event_count': 'is_repeated',
    'out_of_order_count': 'is_out_of_order',
}) %}
{% set is_participating = counts['participating_event_count'] %}
-- depends_on: {{ ref('int_changed_users') }}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_sessions',
    indexes=[{'columns': ['user_id', 'week_start', 'session_start_epoch']}]
) }}

with {% if increments() %}
changed as (

    select * from {{ ref('int_changed_users') }}

),

{% endif -%}
all_events as (

    select * from {{ ref('int_activity_events') }}

),

-- As narrow as it can be before it is sorted.
activity_events as (

    select
        all_events.event_id,
        all_events.user_id,
        all_events.course_id,
        all_events.course_module_id,
        all_events.event_type_key,
        all_events.cognitive_depth,
        all_events.occurred_epoch,
        all_events.occurred_on,
        {{ local_hour_of_week(
            epoch_to_timestamp('all_events.occurred_epoch'), 'all_events.timezone'
        ) }} as local_hour_of_week,
        {% for condition in marks.values() -%}
        case when {{ condition }} then {{ 2 ** loop.index0 }} else 0 end
        {{- ' + ' if not loop.last }}
        {%- endfor %} as marks,
        {{ 'changed.previous_event_id' if increments() else 'cast(null as bigint)' }}
            as previous_event_id
    from all_events
    {%- if increments() %}
    inner join changed
        on
            all_events.user_id = changed.user_id
            and all_events.occurred_epoch >= changed.read_from_epoch
    where
        all_events.occurred_epoch
        >= (select min(read_from_epoch) from changed)
    {%- endif %}

),

gapped as (

    select
        event_id,
        user_id,
        course_id,
        marks,
        cognitive_depth,
        local_hour_of_week,
        occurred_epoch,
        occurred_on,
        occurred_epoch - lag(occurred_epoch) over by_user as seconds_since_previous,
        (lead(occurred_epoch) over by_user) - occurred_epoch as seconds_to_next,
        coalesce(
            lag(occurred_epoch) over by_user = occurred_epoch
            and lag(event_type_key) over by_user = event_type_key
            and lag(course_id) over by_user = course_id
            and lag(coalesce(course_module_id, 0)) over by_user
            = coalesce(course_module_id, 0),
            false
        ) as is_repeated,
        coalesce(
            coalesce(lag(event_id) over by_user, previous_event_id) > event_id, false
        ) as is_out_of_order
    from activity_events
    window by_user as (partition by user_id order by occurred_epoch, event_id)

),

bounded as (

    select
        *,
        coalesce(seconds_since_previous > {{ limit }}, true) as is_session_start,
        coalesce(seconds_to_next > {{ limit }}, true) as is_session_end
    from gapped

),

events as (

    select
        event_id,
        user_id,
        course_id,
        marks,
        cognitive_depth,
        local_hour_of_week,
        is_repeated,
        is_out_of_order,
        is_session_start,
        is_session_end,
        occurred_epoch,
        occurred_on,
        -- Starts lie further apart than the limit: the epoch names the session.
        max(case when is_session_start then occurred_epoch end) over (
            partition by user_id
            order by occurred_epoch, event_id
            rows between unbounded preceding and current row
        ) as session_start_epoch,
        case when not is_session_end then cast(seconds_to_next as integer) end
            as in_session_gap_seconds
    from bounded

),

summed as (

    select
        user_id,
        session_start_epoch,
        course_id,
        occurred_on,
        {{ week_start('occurred_on') }} as week_start,
        {%- for name, condition in counts.items() %}
        cast({{ count_if(condition) }} as integer) as {{ name }},
        {%- endfor %}
        max(cognitive_depth) as cognitive_depth,
        -- One bit for each hour of the learner's day, and for each weekday, with an event.
        bit_or({{ bit_of('mod(local_hour_of_week, 24)') }}) as active_hours_mask,
        bit_or({{ bit_of('local_hour_of_week / 24') }}) as active_weekdays_mask,
        {{ list_of('in_session_gap_seconds') }} as gaps_seconds,
        coalesce(sum(in_session_gap_seconds), 0) as gap_seconds,
        {{ count_if('is_session_end') }} as session_end_count,
        max(case when is_session_start then event_id end) as session_start_event_id,
        max(case when is_session_end then event_id end) as session_end_event_id,
        min(occurred_epoch) as first_epoch,
        max(occurred_epoch) as last_epoch,
        min(case when {{ is_participating }} then occurred_epoch end)
            as first_participating_epoch,
        max(case when {{ is_participating }} then occurred_epoch end)
            as last_participating_epoch
    from events
    group by user_id, session_start_epoch, course_id, occurred_on

),

-- Events are read but once: a CTE that is read twice is written to disk, all of it.
gaps as (

    select
        user_id,
        week_start,
        {{ each_of('gaps_seconds') }} as gap_seconds
    from summed

),

medians as (

    select
        user_id,
        week_start,
        percentile_cont(0.5) within group (order by gap_seconds) as median_gap_seconds
    from gaps
    group by user_id, week_start

),

own_gaps as (

    select
        summed.user_id,
        summed.week_start,
        max(medians.median_gap_seconds) as median_gap_seconds
    from summed
    left join medians
        on
            summed.user_id = medians.user_id
            and summed.week_start = medians.week_start
    group by summed.user_id, summed.week_start

),

all_gaps as (

    select
        week_start,
        median_gap_seconds
    from own_gaps
    {%- if increments() %}
    union all
    select
        stored.week_start,
        max(stored.median_gap_seconds) as median_gap_seconds
    from {{ this }} as stored
    where
        stored.week_start >= (select min(own_gaps.week_start) from own_gaps)
        and not exists (
            select 1 from own_gaps
            where
                own_gaps.user_id = stored.user_id
                and own_gaps.week_start = stored.week_start
        )
        and not exists (
            select 1 from changed
            where
                changed.user_id = stored.user_id
                and changed.week_start <= stored.week_start
        )
    group by stored.user_id, stored.week_start
    {%- endif %}

),

peer_gaps as (

    select
        week_start,
        percentile_cont(0.5) within group (order by median_gap_seconds)
            as median_gap_seconds
    from all_gaps
    group by week_start

),

credits as {{ materialized() }} (

    select
        own_gaps.user_id,
        own_gaps.week_start,
        own_gaps.median_gap_seconds,
        -- To the hundredth of a second, so that sums are exact and equal learners rank equal.
        cast(
            least(
                coalesce(own_gaps.median_gap_seconds, peer_gaps.median_gap_seconds, 0),
                {{ limit / 2 }}
            ) as numeric(10, 2)
        ) as credit_seconds
    from own_gaps
    inner join peer_gaps
        on own_gaps.week_start = peer_gaps.week_start

),

final as (

    select
        summed.user_id,
        summed.session_start_epoch,
        summed.course_id,
        summed.session_start_event_id,
        summed.session_end_event_id,
        credits.median_gap_seconds,
        sum(summed.gap_seconds) over (
            partition by summed.user_id, summed.session_start_epoch
        ) > {{ (var('session_max_hours') * 3600) | int }} as is_quarantined,
        row_number() over (
            partition by summed.user_id, summed.session_start_epoch, summed.course_id
            order by summed.occurred_on
        ) = 1 as is_first_day_in_course,
        {%- for name in counts %}
        summed.{{ name }},
        {%- endfor %}
        summed.cognitive_depth,
        summed.active_hours_mask,
        summed.active_weekdays_mask,
        summed.gap_seconds as seconds_low,
        cast(
            summed.gap_seconds + summed.session_end_count * credits.credit_seconds
            as numeric(14, 2)
        ) as seconds_central,
        summed.gap_seconds + summed.session_end_count * {{ limit }} as seconds_high,
        summed.occurred_on,
        summed.week_start,
        {{ epoch_to_timestamp('summed.first_epoch') }} as first_event_at,
        {{ epoch_to_timestamp('summed.last_epoch') }} as last_event_at,
        {{ epoch_to_timestamp('summed.first_participating_epoch') }} as first_participating_at,
        {{ epoch_to_timestamp('summed.last_participating_epoch') }} as last_participating_at
    from summed
    inner join credits
        on
            summed.user_id = credits.user_id
            and summed.week_start = credits.week_start
    {%- if increments() %}
    inner join changed
        on
            summed.user_id = changed.user_id
            and summed.session_start_epoch >= changed.session_start_epoch
    {%- endif %}

)

select * from final
