-- How does a probability come about, term by term?
-- For every learner-week that a logistic regression scored, what each feature adds to
-- the log-odds; the rows of a learner's week sum to the log-odds of the published
-- probability (1 / (1 + exp(-sum))). Put a condition on learner, course and week before
-- running it on a large site.
with risks as (

    select * from {{ ref('fct_weekly_risk') }}
    where score_method = 'model'

),

features as (

    select * from {{ ref('int_learner_week_features') }}

),

coefficients as (

    select * from {{ ref('stg_predictions__model_coefficients') }}

),

reasons as (

    select
        reason_code,
        reason_text
    from {{ ref('risk_reasons') }}

),

feature_values as (

    {%- for feature in risk_features() %}
    select
        learner_id,
        course_id,
        week_start,
        '{{ feature }}' as feature_name,
        cast({{ feature }} as {{ double() }}) as feature_value
    from features
    union all
    {%- endfor %}
    select
        learner_id,
        course_id,
        week_start,
        'intercept' as feature_name,
        null as feature_value
    from features
    union all
    select
        learner_id,
        course_id,
        week_start,
        'course_week' as feature_name,
        course_week as feature_value
    from features

),

weeks as (

    select
        risks.learner_id,
        risks.course_id,
        risks.week_start,
        risks.course_week,
        risks.model_version,
        risks.probability,
        (ln(risks.course_week) - coefficients.feature_center)
        / coefficients.feature_scale as week_place
    from risks
    inner join coefficients
        on risks.model_version = coefficients.model_version
    where coefficients.feature_name = 'course_week'

),

standardised as (

    select
        weeks.learner_id,
        weeks.course_id,
        weeks.week_start,
        weeks.course_week,
        weeks.model_version,
        weeks.probability,
        weeks.week_place,
        feature_values.feature_name,
        feature_values.feature_value,
        feature_values.feature_value is null as is_missing,
        coefficients.coefficient,
        coefficients.week_coefficient,
        coefficients.missing_coefficient,
        coefficients.missing_week_coefficient,
        (
            coalesce(
                sign(feature_values.feature_value)
                * ln(1 + abs(feature_values.feature_value)),
                coefficients.feature_median
            ) - coefficients.feature_center
        ) / coefficients.feature_scale as feature_place
    from weeks
    inner join feature_values
        on
            weeks.learner_id = feature_values.learner_id
            and weeks.course_id = feature_values.course_id
            and weeks.week_start = feature_values.week_start
    inner join coefficients
        on
            weeks.model_version = coefficients.model_version
            and feature_values.feature_name = coefficients.feature_name

)

select
    standardised.learner_id,
    standardised.course_id,
    standardised.week_start,
    standardised.course_week,
    standardised.model_version,
    standardised.probability,
    standardised.feature_name,
    standardised.feature_value,
    reasons.reason_text,
    case
        when standardised.feature_name = 'intercept' then standardised.coefficient
        when standardised.feature_name = 'course_week'
            then standardised.week_coefficient * standardised.week_place
        else
            (
                standardised.coefficient
                + standardised.week_coefficient * standardised.week_place
            ) * standardised.feature_place
            + case
                when standardised.is_missing
                    then
                        standardised.missing_coefficient
                        + standardised.missing_week_coefficient
                        * standardised.week_place
                else 0
            end
    end as log_odds
from standardised
left join reasons
    on standardised.feature_name = reasons.reason_code
order by
    standardised.learner_id asc,
    standardised.course_id asc,
    standardised.week_start asc,
    log_odds desc
