-- How many hours has each learner spent (dedication)? An estimate with its bounds.
with totals as (

    select
        learner_id,
        sum(minutes_low) / 60 as hours_low,
        sum(minutes_central) / 60 as hours_central,
        sum(minutes_high) / 60 as hours_high
    from {{ ref('fct_weekly_learners') }}
    group by learner_id

)

select
    learners.learner_id,
    learners.learner_key,
    round(coalesce(totals.hours_low, 0), 1) as hours_low,
    round(coalesce(totals.hours_central, 0), 1) as hours_central,
    round(coalesce(totals.hours_high, 0), 1) as hours_high
from {{ ref('dim_learners') }} as learners
left join totals
    on learners.learner_id = totals.learner_id
order by hours_central desc, learners.learner_id asc
