-- How far does the rule for sessions decide how many hours a learner has spent? Gaps
-- of 15, 30, 60 and 90 minutes, and the original challenge's rule: from each login to
-- the last event before the next one, uncapped and capped at 2 and 4 hours. All are
-- lower bounds.
{% set caps = {'uncapped': none, 'capped at 2 h': 7200, 'capped at 4 h': 14400} %}

with learners as (

    select distinct learner_id from {{ ref('int_learner_courses') }}

),

events as (

    select
        events.user_id as learner_id,
        events.verb,
        events.occurred_epoch,
        events.occurred_epoch - lag(events.occurred_epoch) over (
            partition by events.user_id order by events.occurred_epoch, events.event_id
        ) as gap_seconds,
        sum(case when events.verb = 'login' then 1 else 0 end) over (
            partition by events.user_id
            order by events.occurred_epoch, events.event_id
            rows between unbounded preceding and current row
        ) as login_number
    from {{ ref('int_activity_events') }} as events
    inner join learners
        on events.user_id = learners.learner_id

),

by_gap as (

    {% for minutes in [15, 30, 60, 90] %}
    select
        'gap of {{ minutes }} minutes' as rule,
        learner_id,
        sum(case when gap_seconds <= {{ minutes * 60 }} then gap_seconds else 0 end)
        / 3600.0 as hours
    from events
    group by learner_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

visits as (

    select
        learner_id,
        max(occurred_epoch) - min(occurred_epoch) as visit_seconds
    from events
    where login_number > 0
    group by learner_id, login_number

),

by_login as (

    {% for name, cap in caps.items() %}
    select
        'login to login, {{ name }}' as rule,
        learner_id,
        {% if cap -%}
        sum(least(visit_seconds, {{ cap }}))
        {%- else -%}
        sum(visit_seconds)
        {%- endif %} / 3600.0 as hours
    from visits
    group by learner_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

all_rules as (

    select * from by_gap
    union all
    select * from by_login

)

select
    rule,
    count(*) as learner_count,
    round(sum(hours), 1) as total_hours,
    round(cast(percentile_cont(0.5) within group (order by hours) as numeric), 1)
        as median_hours,
    round(max(hours), 1) as most_hours
from all_rules
group by rule
order by median_hours, rule
