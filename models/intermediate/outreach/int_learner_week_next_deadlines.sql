{#
    One row per learner, course and week that has a deadline ahead: the next one that the learner had
    not met at the end of the week, as far as next_deadline_weeks ahead. Leaves out weeks without
    one, hidden activities, and items that did not exist yet.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with submissions as (

    select
        *,
        {{ week_start(local_date('due_at')) }} as deadline_week
    from {{ ref('int_submissions') }}
    where due_at is not null and is_visible

),

weeks as (

    select
        week_start,
        observed_until_at
    from {{ ref('int_weeks') }}

),

activities as (

    select
        course_module_id,
        activity_name
    from {{ ref('dim_activities') }}

),

ahead as (

    {%- for back in range(var('next_deadline_weeks') + 1) %}
    select
        learner_id,
        course_id,
        course_module_id,
        {{ add_days('deadline_week', -7 * back) }} as week_start,
        known_week,
        handed_in_week,
        due_at
    from submissions
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

ordered as (

    select
        ahead.learner_id,
        ahead.course_id,
        ahead.course_module_id,
        ahead.week_start,
        ahead.due_at,
        row_number() over (
            partition by ahead.learner_id, ahead.course_id, ahead.week_start
            order by ahead.due_at, ahead.course_module_id
        ) as deadline_number
    from ahead
    inner join weeks
        on ahead.week_start = weeks.week_start
    where
        {{ of_changed_weeks('ahead.course_id', 'ahead.week_start') }}
        and ahead.due_at > weeks.observed_until_at
        and ahead.known_week <= ahead.week_start
        and coalesce(ahead.handed_in_week > ahead.week_start, true)

),

final as (

    select
        {{ row_key(['ordered.learner_id', 'ordered.course_id', 'ordered.week_start']) }}
            as next_deadline_id,
        ordered.learner_id,
        ordered.course_id,
        ordered.week_start,
        activities.activity_name as next_activity_name,
        ordered.due_at as next_due_at
    from ordered
    left join activities
        on ordered.course_module_id = activities.course_module_id
    where ordered.deadline_number = 1

)

select * from final
