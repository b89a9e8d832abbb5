{#
    What is this? Each learner-week that was scored, and is still on the grid, has one row of
    fct_weekly_risk, told by a version that scored it, and no other learner-week has.
    When does it matter? A score that is lost is a learner whom nobody writes to; one that is made up by
    a join is worse.
    How to resolve: look at the learner's rows of stg_predictions__learner_week_risk.
#}
with scored as (

    select distinct
        scores.learner_id,
        scores.course_id,
        scores.week_start
    from {{ ref('stg_predictions__learner_week_risk') }} as scores
    inner join {{ ref('int_learner_course_weeks') }} as grid
        on
            scores.learner_id = grid.learner_id
            and scores.course_id = grid.course_id
            and scores.week_start = grid.week_start

),

risks as (

    select
        risk.learner_id,
        risk.course_id,
        risk.week_start,
        count(scores.model_version) as version_count
    from {{ ref('fct_weekly_risk') }} as risk
    left join {{ ref('stg_predictions__learner_week_risk') }} as scores
        on
            risk.learner_id = scores.learner_id
            and risk.course_id = scores.course_id
            and risk.week_start = scores.week_start
            and risk.model_version = scores.model_version
    group by risk.learner_id, risk.course_id, risk.week_start

)

select
    scored.learner_id,
    scored.course_id,
    scored.week_start,
    risks.version_count
from scored
full outer join risks
    on
        scored.learner_id = risks.learner_id
        and scored.course_id = risks.course_id
        and scored.week_start = risks.week_start
where
    scored.learner_id is null
    or coalesce(risks.version_count, 0) <> 1
