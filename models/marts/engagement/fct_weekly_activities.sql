{#
    One row per course, group of learners, activity and week in which a learner of the group used the
    activity: how many did, for how many it was the first time ever, and how often. Deleted
    activities stay in the weeks in which they were used. Groups are today's in every week.
    Leaves out events that concern no activity, staff, and groups of fewer than min_group_size.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with activity_weeks as (

    select * from {{ ref('int_learner_activity_weeks') }}
    where
        course_module_id > 0
        and {{ of_changed_weeks('course_id', 'week_start') }}

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
        section_name,
        section_number,
        module_name,
        activity_name
    from {{ ref('dim_activities') }}

),

weeks as (

    select
        week_start,
        week_label
    from {{ ref('dim_weeks') }}

),

summed as (

    select
        members.course_id,
        members.learner_group_id,
        activity_weeks.course_module_id,
        activity_weeks.week_start,
        count(*) as learner_count,
        {{ count_if('activity_weeks.is_first_week') }} as new_learner_count,
        sum(activity_weeks.event_count) as event_count,
        sum(activity_weeks.view_count) as view_count
    from activity_weeks
    inner join members
        on
            activity_weeks.learner_id = members.learner_id
            and activity_weeks.course_id = members.course_id
    group by
        members.course_id,
        members.learner_group_id,
        activity_weeks.course_module_id,
        activity_weeks.week_start

),

final as (

    select
        summed.course_id,
        summed.learner_group_id,
        cast(summed.course_module_id as bigint) as course_module_id,
        summed.week_start,
        learner_groups.course_short_name,
        learner_groups.course_name,
        learner_groups.learner_group,
        weeks.week_label,
        activities.section_name,
        activities.section_number,
        activities.module_name,
        activities.activity_name,
        cast(summed.learner_count as integer) as learner_count,
        cast(summed.new_learner_count as integer) as new_learner_count,
        cast(summed.event_count as integer) as event_count,
        cast(summed.view_count as integer) as view_count
    from summed
    inner join learner_groups
        on
            summed.course_id = learner_groups.course_id
            and summed.learner_group_id = learner_groups.learner_group_id
    inner join weeks
        on summed.week_start = weeks.week_start
    left join activities
        on summed.course_module_id = activities.course_module_id

)

-- A chart reads one group of one course: its rows lie side by side.
select * from final
order by course_id, learner_group_id, week_start
