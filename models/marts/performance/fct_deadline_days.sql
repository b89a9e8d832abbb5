{#
    One row per course, group of learners, activity and whole days from handing in to the learner's
    own deadline: how many handed in so early. A day is 24 hours, whatever the clocks did: 0 is
    within the last 24 hours and to the second, -1 within the 24 after; what is further off than the
    chart is counted at its ends. Groups are today's. Leaves out the learners and activities that
    fct_deadlines leaves out, and what was handed in at a time that is not known.
#}
{% set first_day = -14 %}
{% set last_day = 30 %}

with submissions as (

    select
        learner_id,
        course_id,
        course_module_id,
        cast(
            greatest(
                {{ first_day }},
                least({{ last_day }}, floor(hours_before_due / 24))
            ) as integer
        ) as days_before_due
    from {{ ref('int_submissions') }}
    where hours_before_due is not null and is_due_while_enrolled

),

members as (

    select
        learner_id,
        course_id,
        learner_group_id
    from {{ ref('fct_learner_groups') }}

),

learner_groups as (

    select * from {{ ref('dim_learner_groups') }}
    where not is_suppressed

),

activities as (

    select
        course_module_id,
        activity_name
    from {{ ref('dim_activities') }}

),

summed as (

    select
        members.course_id,
        members.learner_group_id,
        submissions.course_module_id,
        submissions.days_before_due,
        count(*) as handed_in_count
    from submissions
    inner join members
        on
            submissions.learner_id = members.learner_id
            and submissions.course_id = members.course_id
    group by
        members.course_id,
        members.learner_group_id,
        submissions.course_module_id,
        submissions.days_before_due

),

final as (

    select
        summed.course_id,
        summed.learner_group_id,
        summed.course_module_id,
        summed.days_before_due,
        learner_groups.course_short_name,
        learner_groups.course_name,
        learner_groups.learner_group,
        activities.activity_name,
        cast(summed.handed_in_count as integer) as handed_in_count
    from summed
    inner join learner_groups
        on
            summed.course_id = learner_groups.course_id
            and summed.learner_group_id = learner_groups.learner_group_id
    inner join activities
        on summed.course_module_id = activities.course_module_id

)

select * from final
