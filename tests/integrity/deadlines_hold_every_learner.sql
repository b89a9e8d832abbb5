{#
    What is this? The five states of a deadline add up to its learners, those of everyone are the rows
    of fct_submissions with a deadline in the learner's time, and the days of fct_deadline_days add up
    to who was on time (0 and more) and who was late (below 0).
    When does it matter? Somebody's deadline would be in no list, or in two.
    How to resolve: look for states that fct_deadlines does not list, and for learners without a row
    in fct_learner_groups.
#}
with expected as (

    select
        course_id,
        course_module_id,
        count(*) as deadline_count
    from {{ ref('fct_submissions') }}
    where due_at is not null and is_due_while_enrolled
    group by course_id, course_module_id

),

everyone as (

    select * from {{ ref('fct_deadlines') }}
    where learner_group_id = 'all'

),

days as (

    select
        course_id,
        learner_group_id,
        course_module_id,
        sum(case when days_before_due >= 0 then handed_in_count else 0 end)
            as on_time_count,
        sum(case when days_before_due < 0 then handed_in_count else 0 end) as late_count
    from {{ ref('fct_deadline_days') }}
    group by course_id, learner_group_id, course_module_id

)

select
    'states' as identity,
    course_id,
    learner_group_id,
    course_module_id
from {{ ref('fct_deadlines') }}
where
    deadline_count
    <> on_time_count + late_count + missing_count + open_count + unknown_count

union all

select
    'everyone' as identity,
    coalesce(expected.course_id, everyone.course_id) as course_id,
    'all' as learner_group_id,
    coalesce(expected.course_module_id, everyone.course_module_id) as course_module_id
from expected
full outer join everyone
    on
        expected.course_id = everyone.course_id
        and expected.course_module_id = everyone.course_module_id
where expected.deadline_count is distinct from everyone.deadline_count

union all

select
    'days' as identity,
    coalesce(days.course_id, deadlines.course_id) as course_id,
    coalesce(days.learner_group_id, deadlines.learner_group_id) as learner_group_id,
    coalesce(days.course_module_id, deadlines.course_module_id) as course_module_id
from {{ ref('fct_deadlines') }} as deadlines
full outer join days
    on
        deadlines.course_id = days.course_id
        and deadlines.learner_group_id = days.learner_group_id
        and deadlines.course_module_id = days.course_module_id
where
    deadlines.course_id is null
    or deadlines.on_time_count <> coalesce(days.on_time_count, 0)
    or deadlines.late_count <> coalesce(days.late_count, 0)
