-- How many forum posts has each learner written?
-- Counted from the log, a discussion's first post among them; what was deleted since
-- still counts.
with totals as (

    select
        learner_id,
        sum(forum_post_count) as forum_post_count
    from {{ ref('fct_weekly_learners') }}
    group by learner_id

)

select
    learners.learner_id,
    learners.learner_key,
    coalesce(totals.forum_post_count, 0) as forum_post_count
from {{ ref('dim_learners') }} as learners
left join totals
    on learners.learner_id = totals.learner_id
order by forum_post_count desc, learners.learner_id asc
