{#
    What is this? In every course and week the shares by status add up to one, and the learners of a
    cohort are the active enrolments of the grid.
    When does it matter? Where a learner has no status, or two, every chart of the course is wrong.
    How to resolve: look for statuses that fct_weekly_cohorts does not list.
#}
with enrolments as (

    select
        course_id,
        week_start,
        count(*) as learner_count
    from {{ ref('int_learner_course_weeks') }}
    where is_active_enrolment and is_observed
    group by course_id, week_start

)

select
    enrolments.course_id,
    enrolments.week_start,
    enrolments.learner_count
from enrolments
left join {{ ref('fct_weekly_cohorts') }} as cohorts
    on
        enrolments.course_id = cohorts.course_id
        and enrolments.week_start = cohorts.week_start
where
    enrolments.learner_count is distinct from cohorts.learner_count
    or abs(
        cohorts.completed_share + cohorts.too_early_share + cohorts.never_started_share
        + cohorts.inactive_share + cohorts.struggling_share + cohorts.doing_ok_share
        + cohorts.doing_well_share - 1
    ) > 0.00001
