{#
    One row per user, course, activity and week with an activity event; activity 0 is the course
    itself, course 1 the site: events that concern no activity.
    Leaves out nothing of int_activity_events. Users need not be learners of the course.
#}
-- depends_on: {{ ref('int_changed_users') }}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_user_weeks',
    meta={'user_column': 'learner_id'}
) }}

with activity_events as (

    select * from {{ ref('int_activity_events') }}

),

events as (

    select
        user_id,
        course_id,
        coalesce(course_module_id, 0) as course_module_id,
        is_participating,
        is_teaching,
        is_companion,
        verb,
        occurred_epoch,
        {{ week_start('occurred_on') }} as week_start
    from activity_events
    where {{ of_changed_users(
        'activity_events.user_id', 'activity_events.occurred_on', 'week_start'
    ) }}

),

counted as (

    select
        user_id,
        course_id,
        course_module_id,
        week_start,
        cast(count(*) as integer) as event_count,
        cast({{ count_if('is_participating') }} as integer)
            as participating_event_count,
        cast({{ count_if('is_teaching') }} as integer) as teaching_event_count,
        cast({{ count_if("verb = 'view' and not is_companion") }} as integer)
            as view_count,
        min(occurred_epoch) as first_epoch,
        max(occurred_epoch) as last_epoch,
        min(case when is_participating then occurred_epoch end)
            as first_participating_epoch,
        max(case when is_participating then occurred_epoch end)
            as last_participating_epoch,
        min(
            case when verb = 'submit' and not is_companion then occurred_epoch end
        ) as first_submitted_epoch
    from events
    group by user_id, course_id, course_module_id, week_start

),

used_before as (

    {% if increments() -%}
    select distinct
        stored.learner_id as user_id,
        stored.course_id,
        stored.course_module_id
    from {{ this }} as stored
    inner join {{ ref('int_changed_users') }} as changed_users
        on
            stored.learner_id = changed_users.user_id
            and stored.week_start < changed_users.week_start
    {%- else -%}
    select
        user_id,
        course_id,
        course_module_id
    from counted
    where false
    {%- endif %}

),

final as (

    select
        counted.user_id as learner_id,
        counted.course_id,
        counted.course_module_id,
        counted.week_start,
        row_number() over (
            partition by counted.user_id, counted.course_id, counted.course_module_id
            order by counted.week_start
        ) = 1
        and used_before.user_id is null as is_first_week,
        counted.event_count,
        counted.participating_event_count,
        counted.teaching_event_count,
        counted.view_count,
        {{ epoch_to_timestamp('counted.first_epoch') }} as first_event_at,
        {{ epoch_to_timestamp('counted.last_epoch') }} as last_event_at,
        {{ epoch_to_timestamp('counted.first_participating_epoch') }}
            as first_participating_at,
        {{ epoch_to_timestamp('counted.last_participating_epoch') }}
            as last_participating_at,
        {{ epoch_to_timestamp('counted.first_submitted_epoch') }} as first_submitted_at
    from counted
    left join used_before
        on
            counted.user_id = used_before.user_id
            and counted.course_id = used_before.course_id
            and counted.course_module_id = used_before.course_module_id

)

select * from final
