{#
    One row per course, learner and week in which something was completed or, as learner 0, activities
    of the course came to be tracked; a running sum over weeks gives each week as it is known today.
    States 1 and 2 are complete; 3 and 4 are failed attempts. A completion from before its activity
    was added, as restored courses have, counts from then on.
    Leaves out activities without completion tracking and those that are being deleted, and completions
    without a time, which for Moodle means never.
#}
with tracked as (

    select
        course_module_id,
        course_id,
        coalesce({{ week_start(local_date('added_at')) }}, {{ beginning_of_time() }})
            as added_week
    from {{ ref('stg_moodle__course_modules') }}
    where completion_tracking > 0 and not coalesce(is_being_deleted, false)

),

completions as (

    select
        user_id as learner_id,
        course_module_id,
        {{ week_start(local_date('modified_at')) }} as completed_week
    from {{ ref('stg_moodle__course_modules_completion') }}
    where completion_state in (1, 2) and modified_at is not null

),

course_completions as (

    select
        user_id as learner_id,
        course_id,
        min(completed_at) as course_completed_at
    from {{ ref('stg_moodle__course_completions') }}
    where completed_at is not null
    group by user_id, course_id

),

changes as (

    select
        0 as learner_id,
        course_id,
        added_week as week_start,
        1 as tracked_count,
        0 as completed_count,
        cast(null as {{ data_type('timestamp with time zone') }}) as course_completed_at
    from tracked
    union all
    select
        completions.learner_id,
        tracked.course_id,
        greatest(completions.completed_week, tracked.added_week) as week_start,
        0 as tracked_count,
        1 as completed_count,
        cast(null as {{ data_type('timestamp with time zone') }}) as course_completed_at
    from completions
    inner join tracked
        on completions.course_module_id = tracked.course_module_id
    union all
    select
        learner_id,
        course_id,
        {{ week_start(local_date('course_completed_at')) }} as week_start,
        0 as tracked_count,
        0 as completed_count,
        course_completed_at
    from course_completions

),

final as (

    select
        {{ row_key(['learner_id', 'course_id', 'week_start']) }}
            as completion_change_id,
        learner_id,
        course_id,
        week_start,
        cast(sum(tracked_count) as integer) as tracked_activity_count,
        cast(sum(completed_count) as integer) as completed_activity_count,
        max(course_completed_at) as course_completed_at
    from changes
    group by learner_id, course_id, week_start

)

select * from final
