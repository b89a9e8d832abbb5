{#
    One row per learner, course and week that was scored: how likely the learner is not to finish, from
    what was known then, by the latest version that scored the week; what each earlier version said
    stays in the source. A band changes only when it has
    held for two scored weeks or was crossed by risk_band_margin; each of the two limits between bands
    is remembered apart, so that a leap over both is not lost.
    Leaves out weeks that were not scored (left, completed, outages, a last week that is cut), and
    scores of learners or courses that are no more.
#}
{% set margin = var('risk_band_margin') %}
{% set limits = {
    'ok': ("'ok', 'struggling'", var('risk_well')),
    'struggling': ("'struggling'", var('risk_struggling')),
} %}
{% set reasons = ['reason_1', 'reason_2', 'reason_3'] %}

with scores as (

    select
        *,
        row_number() over (
            partition by learner_id, course_id, week_start
            order by scored_at desc, model_version desc
        ) as version_number
    from {{ ref('stg_predictions__learner_week_risk') }}

),

grid as (

    select
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}

),

acts as (

    select
        reason_code,
        suggested_act
    from {{ ref('risk_reasons') }}

),

latest as (

    select
        *,
        raw_band = 'too_early' as is_too_early
    from scores
    where version_number = 1

),

sided as (

    select
        *,
        {%- for band, (bands, limit) in limits.items() %}
        raw_band in ({{ bands }}) as is_{{ band }},
        coalesce(
            lag(raw_band in ({{ bands }})) over by_week = (raw_band in ({{ bands }})),
            true
        )
        or coalesce(abs(probability - {{ limit }}) >= {{ margin }}, false)
            as is_{{ band }}_sure,
        {%- endfor %}
        lag(raw_band) over by_week as previous_raw_band
    from latest
    window by_week as (
        partition by learner_id, course_id, is_too_early order by week_start
    )

),

numbered as (

    select
        *,
        {%- for band in limits %}
        sum(case when is_{{ band }}_sure then 1 else 0 end) over so_far
            as {{ band }}_number,
        {%- endfor %}
        row_number() over so_far as scored_week_number
    from sided
    window so_far as (
        partition by learner_id, course_id, is_too_early
        order by week_start
        rows between unbounded preceding and current row
    )

),

-- What was last sure holds until something else is.
remembered as (

    select
        *,
        {%- for band in limits %}
        max(case when is_{{ band }}_sure and is_{{ band }} then 1 else 0 end) over (
            partition by learner_id, course_id, is_too_early, {{ band }}_number
        ) = 1 as is_held_{{ band }},
        {%- endfor %}
        round(10 * probability) as tenths
    from numbered

),

final as (

    select
        remembered.learner_id,
        remembered.course_id,
        remembered.week_start,
        cast(remembered.course_week as integer) as course_week,
        remembered.score_method,
        case
            when remembered.is_too_early then 'too_early'
            when remembered.is_held_struggling then 'struggling'
            when remembered.is_held_ok then 'ok'
            else 'well'
        end as band,
        remembered.raw_band,
        remembered.is_inactive_now,
        remembered.probability,
        remembered.rule_score,
        case
            when remembered.tenths = 0
                then 'of similar learners, fewer than 1 in 10 did not finish'
            when remembered.tenths = 10
                then 'of similar learners, more than 9 in 10 did not finish'
            else
                'of similar learners, ' || {{ whole_number('remembered.tenths') }}
                || ' in 10 did not finish'
        end as similar_learners,
        {%- for reason in reasons %}
        remembered.{{ reason }}_code,
        remembered.{{ reason }}_text,
        cast(remembered.{{ reason }}_contribution as numeric(12, 4))
            as {{ reason }}_contribution,
        {{ reason }}_acts.suggested_act as {{ reason }}_act,
        {%- endfor %}
        remembered.model_version,
        cast(remembered.trained_learner_count as integer) as trained_learner_count,
        remembered.trained_through,
        remembered.scored_at
    from remembered
    inner join grid
        on
            remembered.learner_id = grid.learner_id
            and remembered.course_id = grid.course_id
            and remembered.week_start = grid.week_start
    {%- for reason in reasons %}
    left join acts as {{ reason }}_acts
        on remembered.{{ reason }}_code = {{ reason }}_acts.reason_code
    {%- endfor %}

)

select * from final
