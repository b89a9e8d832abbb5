{#
    What is this? Every feature of a score is a column of int_learner_week_features and has one row in
    the seed risk_reasons, and the seed has no row of anything else.
    When does it matter? A feature without words is left out of the reasons that teachers read.
    How to resolve: add the row to seeds/risk_reasons.csv, or the feature to risk_features().
#}
with features as (

    {% for feature in risk_features() %}
    select
        '{{ feature }}' as reason_code,
        count({{ feature }}) as known_count
    from {{ ref('int_learner_week_features') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

reasons as (

    select
        reason_code,
        count(*) as reason_count
    from {{ ref('risk_reasons') }}
    group by reason_code

)

select
    features.reason_code as feature,
    reasons.reason_code as reason,
    reasons.reason_count
from features
full outer join reasons
    on features.reason_code = reasons.reason_code
where
    features.reason_code is null
    or coalesce(reasons.reason_count, 0) <> 1
