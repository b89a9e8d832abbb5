{#
    One row per user, activity and week with an activity event on that activity.
    Leaves out events that concern no activity. Users need not be learners of the course.
#}
-- depends_on: {{ ref('int_changed_users') }}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_user_weeks',
    meta={'user_column': 'learner_id'}
) }}

with activity_events as (

    select * from {{ ref('int_activity_events') }}
    where course_module_id is not null

),

events as (

    select
        user_id,
        course_id,
        course_module_id,
        is_participating,
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
        count(*) as event_count,
        {{ count_if('is_participating') }} as participating_event_count,
        {{ count_if("verb = 'view' and not is_companion") }} as view_count,
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
        {{ row_key([
            'counted.user_id',
            'counted.course_id',
            'counted.course_module_id',
            'counted.week_start'
        ]) }} as learner_activity_week_id,
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
        counted.view_count,
        {{ epoch_to_timestamp('counted.first_submitted_epoch') }} as first_submitted_at
    from counted
    left join used_before
        on
            counted.user_id = used_before.user_id
            and counted.course_id = used_before.course_id
            and counted.course_module_id = used_before.course_module_id

)

select * from final
