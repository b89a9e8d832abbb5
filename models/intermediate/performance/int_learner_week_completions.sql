{#
    One row per learner, course and week of the grid: activities completed in the week and to date, of
    how many, and whether the course is. States 1 and 2 are complete; 3 and 4 are failed attempts.
    Leaves out activities without completion tracking and those that are being deleted, and
    completions without a time, which for Moodle means never. Moodle keeps the last change alone: what
    was complete and was taken back is gone from all weeks.
    A completion from before its activity was added, as restored courses have, counts from then on;
    one from before the learner's first week counts to date and is new in no week.
#}
with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}

),

tracked as (

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

first_weeks as (

    select
        learner_id,
        course_id,
        min(week_start) as first_week
    from grid
    group by learner_id, course_id

),

known as (

    select
        completions.learner_id,
        tracked.course_id,
        greatest(completions.completed_week, tracked.added_week) as known_week
    from completions
    inner join tracked
        on completions.course_module_id = tracked.course_module_id

),

placed as (

    select
        known.learner_id,
        known.course_id,
        greatest(known.known_week, first_weeks.first_week) as week_start,
        count(*) as added_count,
        {{ count_if('known.known_week >= first_weeks.first_week') }}
            as new_count
    from known
    inner join first_weeks
        on
            known.learner_id = first_weeks.learner_id
            and known.course_id = first_weeks.course_id
    group by
        known.learner_id,
        known.course_id,
        greatest(known.known_week, first_weeks.first_week)

),

course_changes as (

    select
        course_id,
        added_week as week_start,
        count(*) as added_count
    from tracked
    group by course_id, added_week
    union all
    select distinct
        course_id,
        week_start,
        0 as added_count
    from grid

),

course_weeks as (

    select
        course_id,
        week_start,
        sum(sum(added_count)) over (
            partition by course_id
            order by week_start
            rows between unbounded preceding and current row
        ) as tracked_activity_count
    from course_changes
    group by course_id, week_start

),

weekly as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        coalesce(placed.new_count, 0) as new_completed_activity_count,
        coalesce(
            sum(placed.added_count) over (
                partition by grid.learner_id, grid.course_id
                order by grid.week_start
                rows between unbounded preceding and current row
            ), 0
        ) as completed_activity_count
    from grid
    left join placed
        on
            grid.learner_id = placed.learner_id
            and grid.course_id = placed.course_id
            and grid.week_start = placed.week_start

),

final as (

    select
        weekly.learner_course_week_id,
        weekly.learner_id,
        weekly.course_id,
        weekly.week_start,
        case
            when {{ has_moodle_table('course_completions') }}
                then course_completions.learner_id is not null
        end as is_course_completed,
        weekly.new_completed_activity_count,
        weekly.completed_activity_count,
        course_weeks.tracked_activity_count,
        cast(
            weekly.completed_activity_count
            / nullif(cast(course_weeks.tracked_activity_count as {{ double() }}), 0)
            as numeric(5, 4)
        ) as completion_share,
        course_completions.course_completed_at
    from weekly
    inner join course_weeks
        on
            weekly.course_id = course_weeks.course_id
            and weekly.week_start = course_weeks.week_start
    left join course_completions
        on
            weekly.learner_id = course_completions.learner_id
            and weekly.course_id = course_completions.course_id
            and weekly.week_start
            >= {{ week_start(local_date('course_completions.course_completed_at')) }}

)

select * from final
