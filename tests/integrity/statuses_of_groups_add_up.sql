{#
    What is this? In every week of a group the counts by status add up to the learners judged, and
    the learners of everyone are the active enrolments of fct_weekly_progress.
    When does it matter? Where a learner has no status, two, or no group, every chart of shares is wrong.
    How to resolve: look for statuses that fct_weekly_groups does not list, and for learners of a
    course without a row in fct_learner_groups.
#}
with enrolments as (

    select
        course_id,
        week_start,
        count(*) as learner_count
    from {{ ref('fct_weekly_progress') }}
    where is_active_enrolment and is_observed
    group by course_id, week_start

),

everyone as (

    select * from {{ ref('fct_weekly_groups') }}
    where learner_group_id = 'all'

)

select
    course_id,
    learner_group_id,
    week_start,
    judged_learner_count as expected,
    completed_count + too_early_count + never_started_count + inactive_count
    + struggling_count + doing_ok_count + doing_well_count as found
from {{ ref('fct_weekly_groups') }}
where
    judged_learner_count
    <> completed_count + too_early_count + never_started_count + inactive_count
    + struggling_count + doing_ok_count + doing_well_count
    or (judged_learner_count is null) <> is_suppressed

union all

select
    coalesce(enrolments.course_id, everyone.course_id) as course_id,
    'all' as learner_group_id,
    coalesce(enrolments.week_start, everyone.week_start) as week_start,
    enrolments.learner_count as expected,
    everyone.learner_count as found
from enrolments
full outer join everyone
    on
        enrolments.course_id = everyone.course_id
        and enrolments.week_start = everyone.week_start
where enrolments.learner_count is distinct from everyone.learner_count
