{#
    What is this? Each learner of a course has one outcome, and nobody else has: told only once the course
    or the enrolment is over, and never "did not complete" of somebody who did.
    When does it matter? Outcomes that are missing are most often those of learners who left: without them
    a model learns that nobody ever fails.
    How to resolve: compare the learner's row of int_learner_courses with fct_learner_outcomes.
#}
with learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

outcomes as (

    select
        learner_id,
        course_id,
        did_not_complete,
        is_completed,
        outcome_at
    from {{ ref('fct_learner_outcomes') }}

)

select
    learner_courses.learner_id,
    learner_courses.course_id,
    outcomes.did_not_complete,
    outcomes.outcome_at
from learner_courses
full outer join outcomes
    on
        learner_courses.learner_id = outcomes.learner_id
        and learner_courses.course_id = outcomes.course_id
where
    learner_courses.learner_id is null
    or outcomes.learner_id is null
    or (outcomes.did_not_complete is not null and outcomes.outcome_at is null)
    or (outcomes.did_not_complete and outcomes.is_completed)
