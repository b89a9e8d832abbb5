-- How often has each learner logged in?
with totals as (

    select
        learner_id,
        sum(login_count) as login_count
    from {{ ref('fct_weekly_learners') }}
    group by learner_id

)

select
    learners.learner_id,
    learners.learner_key,
    coalesce(totals.login_count, 0) as login_count
from {{ ref('dim_learners') }} as learners
left join totals
    on learners.learner_id = totals.learner_id
order by login_count desc, learners.learner_id asc
