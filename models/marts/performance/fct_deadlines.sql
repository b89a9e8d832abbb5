{#
    One row per course, group of learners and activity with a deadline for a learner of the group: as
    it stands at the last log row. The usual deadline is the most frequent, of two the earlier;
    others are those of overrides and extensions. Groups are today's.
    Leaves out learners for whom the deadline lies before their start in the course or after leaving
    it, activities without a date, hidden and deleted ones, and groups of fewer than min_group_size.
#}
{% set states = ['on_time', 'late', 'missing', 'open', 'unknown'] %}

with submissions as (

    select * from {{ ref('fct_submissions') }}
    where due_at is not null and is_due_while_enrolled

),

reminders as (

    select
        learner_id,
        course_module_id,
        count(*) as reminder_count,
        {{ count_if("delivery_state = 'sent'") }} as reminder_sent_count
    from {{ ref('fct_reminders') }}
    group by learner_id, course_module_id

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

log_end as (

    select max(observed_until) as last_log_on from {{ ref('int_weeks') }}

),

of_members as (

    select
        members.course_id,
        members.learner_group_id,
        submissions.course_module_id,
        submissions.module_name,
        submissions.activity_name,
        submissions.submission_state,
        submissions.is_handed_in,
        submissions.is_missed,
        submissions.is_visible,
        reminders.reminder_count,
        reminders.reminder_sent_count,
        submissions.due_at
    from submissions
    inner join members
        on
            submissions.learner_id = members.learner_id
            and submissions.course_id = members.course_id
    left join reminders
        on
            submissions.learner_id = reminders.learner_id
            and submissions.course_module_id = reminders.course_module_id

),

dates as (

    select
        course_id,
        learner_group_id,
        course_module_id,
        due_at,
        count(*) as learner_count,
        row_number() over (
            partition by course_id, learner_group_id, course_module_id
            order by count(*) desc, due_at asc nulls last
        ) as date_order
    from of_members
    group by course_id, learner_group_id, course_module_id, due_at

),

summed as (

    select
        course_id,
        learner_group_id,
        course_module_id,
        max(module_name) as module_name,
        max(activity_name) as activity_name,
        {{ bool_or('is_visible') }} as is_visible,
        count(*) as deadline_count,
        {{ count_if('is_handed_in') }} as handed_in_count,
        {%- for state in states %}
        {{ count_if("submission_state = '" ~ state ~ "'") }} as {{ state }}_count,
        {%- endfor %}
        {{ count_if('is_missed') }} as missed_count,
        coalesce(sum(reminder_count), 0) as reminder_count,
        coalesce(sum(reminder_sent_count), 0) as reminder_sent_count,
        max(due_at) as last_due_at
    from of_members
    group by course_id, learner_group_id, course_module_id

),

final as (

    select
        summed.course_id,
        summed.learner_group_id,
        summed.course_module_id,
        learner_groups.course_short_name,
        learner_groups.course_name,
        learner_groups.learner_group,
        summed.module_name,
        summed.activity_name,
        summed.is_visible,
        cast(summed.deadline_count as integer) as deadline_count,
        cast(summed.deadline_count - dates.learner_count as integer)
            as individual_deadline_count,
        cast(summed.handed_in_count as integer) as handed_in_count,
        {%- for state in states %}
        cast(summed.{{ state }}_count as integer) as {{ state }}_count,
        {%- endfor %}
        cast(summed.missed_count as integer) as missed_count,
        cast(summed.reminder_count as integer) as reminder_count,
        cast(summed.reminder_sent_count as integer) as reminder_sent_count,
        cast(
            {{ days_between('log_end.last_log_on', local_date('dates.due_at')) }}
            as integer
        ) as days_until_due,
        dates.due_at,
        summed.last_due_at
    from summed
    cross join log_end
    inner join dates
        on
            summed.course_id = dates.course_id
            and summed.learner_group_id = dates.learner_group_id
            and summed.course_module_id = dates.course_module_id
            and dates.date_order = 1
    inner join learner_groups
        on
            summed.course_id = learner_groups.course_id
            and summed.learner_group_id = learner_groups.learner_group_id

)

select * from final
