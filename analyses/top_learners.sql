-- Who are the top 1, 5, 10 and 25 % of learners by dedication, logins and activity?
-- A learner's place is the share of learners with more; equal learners share a place.
{% set measures = {
    'dedication': 'minutes_central', 'logins': 'login_count', 'activity': 'event_count'
} %}

with totals as (

    select
        learners.learner_id,
    {%- for name, column in measures.items() %}
    coalesce(sum(weeks.{{ column }}), 0) as {{ name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('dim_learners') }} as learners
    left join {{ ref('fct_weekly_learners') }} as weeks
        on learners.learner_id = weeks.learner_id
    group by learners.learner_id

),

placed as (

    {% for name in measures %}
    select
        '{{ name }}' as measure,
        learner_id,
        {{ name }} as amount,
        (rank() over (order by {{ name }} desc) - 1.0) / count(*) over () as share_above
    from totals
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    measure,
    learner_id,
    amount,
    case
        when share_above < 0.01 then 1
        when share_above < 0.05 then 5
        when share_above < 0.10 then 10
        else 25
    end as top_percent
from placed
where share_above < 0.25 and amount > 0
order by measure asc, amount desc, learner_id asc
