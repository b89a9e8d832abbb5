-- Who are the top 1, 5, 10 and 25 % of learners by dedication, logins, activity and
-- overall grade? A learner's place is the share of learners with more; equal learners
-- share a place.
{% set measures = {
    'dedication': 'minutes_central', 'logins': 'login_count', 'activity': 'event_count'
} %}

with usage as (

    select
        {%- for name, column in measures.items() %}
        sum({{ column }}) as {{ name }},
        {%- endfor %}
        learner_id
    from {{ ref('fct_weekly_learners') }}
    group by learner_id

),

grades as (

    select
        learner_id,
        sum(final_grade) as grade
    from {{ ref('fct_grades') }}
    where is_counted
    group by learner_id

),

totals as (

    select
        learners.learner_id,
        {%- for name in measures %}
        coalesce(usage.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        coalesce(grades.grade, 0) as grade
    from {{ ref('dim_learners') }} as learners
    left join usage
        on learners.learner_id = usage.learner_id
    left join grades
        on learners.learner_id = grades.learner_id

),

placed as (

    {% for name in measures.keys() | list + ['grade'] %}
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
