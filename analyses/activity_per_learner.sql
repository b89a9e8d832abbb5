-- How many activity events has each learner?
-- Rows that Moodle writes by itself are left out.
with totals as (

    select
        learner_id,
        sum(event_count) as event_count
    from {{ ref('fct_weekly_learners') }}
    group by learner_id

)

select
    learners.learner_id,
    learners.learner_key,
    coalesce(totals.event_count, 0) as event_count
from {{ ref('dim_learners') }} as learners
left join totals
    on learners.learner_id = totals.learner_id
order by event_count desc, learners.learner_id asc
