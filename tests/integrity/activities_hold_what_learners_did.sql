{#
    What is this? What the learners of a course did on an activity adds up, over the weeks of everyone
    in fct_weekly_activities, to what int_learner_activity_weeks holds of them; new learners add up to
    the learners who ever used it; no group has more than everyone.
    When does it matter? An activity would look unused, or used by more than there are.
    How to resolve: look for weeks missing in dim_weeks, and for learners who are in a group twice.
#}
with expected as (

    select
        activity_weeks.course_id,
        activity_weeks.course_module_id,
        sum(activity_weeks.event_count) as event_count,
        sum(activity_weeks.view_count) as view_count,
        count(distinct activity_weeks.learner_id) as learner_count
    from {{ ref('int_learner_activity_weeks') }} as activity_weeks
    inner join {{ ref('int_learner_courses') }} as learner_courses
        on
            activity_weeks.learner_id = learner_courses.learner_id
            and activity_weeks.course_id = learner_courses.course_id
    where activity_weeks.course_module_id > 0
    group by activity_weeks.course_id, activity_weeks.course_module_id

),

found as (

    select
        course_id,
        course_module_id,
        learner_group_id,
        sum(event_count) as event_count,
        sum(view_count) as view_count,
        sum(new_learner_count) as learner_count
    from {{ ref('fct_weekly_activities') }}
    group by course_id, course_module_id, learner_group_id

)

select
    expected.course_id,
    expected.course_module_id,
    found.learner_group_id
from expected
left join found
    on
        expected.course_id = found.course_id
        and expected.course_module_id = found.course_module_id
where
    found.learner_group_id is null
    or found.event_count > expected.event_count
    or found.view_count > expected.view_count
    or found.learner_count > expected.learner_count
    or found.learner_group_id = 'all'
    and (
        found.event_count <> expected.event_count
        or found.view_count <> expected.view_count
        or found.learner_count <> expected.learner_count
    )
