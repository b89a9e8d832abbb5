{#
    One row per user, activity and week with an activity event on that activity.
    Leaves out events that concern no activity. Users need not be learners of the course.
#}
with events as (

    select
        user_id,
        course_id,
        course_module_id,
        is_participating,
        is_companion,
        verb,
        occurred_epoch,
        {{ week_start('occurred_on') }} as week_start
    from {{ ref('int_activity_events') }}
    where course_module_id is not null

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

final as (

    select
        {{ row_key([
            'user_id',
            'course_id',
            'course_module_id',
            'week_start'
        ]) }} as learner_activity_week_id,
        user_id as learner_id,
        course_id,
        course_module_id,
        week_start,
        row_number() over (
            partition by user_id, course_id, course_module_id order by week_start
        ) = 1 as is_first_week,
        event_count,
        participating_event_count,
        view_count,
        {{ epoch_to_timestamp('first_submitted_epoch') }} as first_submitted_at
    from counted

)

select * from final
