{#
    What is this? The features have the rows of the grid that are observed, of the course's own weeks and
    with an active enrolment, and the rules have the rows of the features, no more and no less.
    When does it matter? A learner without a row is never scored, and nobody sees who is missing.
    How to resolve: look for an inner join that finds no partner, as a course-week without peers.
#}
with grid as (

    select learner_course_week_id
    from {{ ref('int_learner_course_weeks') }}
    where is_observed and is_active_enrolment and course_week is not null

),

features as (

    select learner_course_week_id from {{ ref('int_learner_week_features') }}

),

rules as (

    select learner_course_week_id from {{ ref('int_learner_week_rules') }}

)

select
    grid.learner_course_week_id as grid_id,
    features.learner_course_week_id as features_id,
    rules.learner_course_week_id as rules_id
from grid
full outer join features
    on grid.learner_course_week_id = features.learner_course_week_id
full outer join rules
    on features.learner_course_week_id = rules.learner_course_week_id
where
    grid.learner_course_week_id is null
    or features.learner_course_week_id is null
    or rules.learner_course_week_id is null
