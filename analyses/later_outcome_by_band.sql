-- Did the bands of the early warning tell who would not finish?
-- Of the learners in each band of each week of the course, the share who in the end did
-- not complete, next to what the probabilities of that band promised. In every week
-- from the second on, struggling should fare worse than ok, and ok worse than well.
with risks as (

    select * from {{ ref('fct_weekly_risk') }}

),

outcomes as (

    select
        learner_id,
        course_id,
        did_not_complete
    from {{ ref('fct_learner_outcomes') }}
    where did_not_complete is not null

),

courses as (

    select
        course_id,
        course_short_name
    from {{ ref('dim_courses') }}

)

select
    courses.course_short_name,
    risks.score_method,
    risks.course_week,
    risks.band,
    count(*) as learner_count,
    round(avg(risks.probability), 4) as mean_probability,
    round(avg(case when outcomes.did_not_complete then 1.0 else 0 end), 4)
        as did_not_complete_share
from risks
inner join outcomes
    on
        risks.learner_id = outcomes.learner_id
        and risks.course_id = outcomes.course_id
inner join courses
    on risks.course_id = courses.course_id
group by
    courses.course_short_name, risks.score_method, risks.course_week, risks.band
order by
    courses.course_short_name asc,
    risks.score_method asc,
    risks.course_week asc,
    did_not_complete_share desc
