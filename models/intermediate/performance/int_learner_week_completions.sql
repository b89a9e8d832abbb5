{#
    One row per learner, course and week of the grid: activities completed in the week and to date, of
    how many, and whether the course is. Moodle keeps the last change alone: what was complete and was
    taken back is gone from all weeks. What is from before the learner's first week counts to date and
    is new in no week.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

changes as (

    select * from {{ ref('int_completion_changes') }}

),

first_weeks as (

    select
        learner_id,
        course_id,
        min(week_start) as first_week
    from grid
    group by learner_id, course_id

),

placed as (

    select
        changes.learner_id,
        changes.course_id,
        greatest(changes.week_start, first_weeks.first_week) as week_start,
        cast(sum(changes.completed_activity_count) as integer) as added_count,
        cast(
            sum(
                case
                    when changes.week_start >= first_weeks.first_week
                        then changes.completed_activity_count
                    else 0
                end
            ) as integer
        ) as new_count,
        max(changes.course_completed_at) as course_completed_at
    from changes
    inner join first_weeks
        on
            changes.learner_id = first_weeks.learner_id
            and changes.course_id = first_weeks.course_id
    group by
        changes.learner_id,
        changes.course_id,
        greatest(changes.week_start, first_weeks.first_week)

),

course_changes as (

    select
        course_id,
        week_start,
        tracked_activity_count as added_count
    from changes
    where learner_id = 0
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
        cast(
            sum(sum(added_count)) over (
                partition by course_id
                order by week_start
                rows between unbounded preceding and current row
            ) as integer
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
        cast(coalesce(sum(placed.added_count) over so_far, 0) as integer)
            as completed_activity_count,
        max(placed.course_completed_at) over so_far as course_completed_at
    from grid
    left join placed
        on
            grid.learner_id = placed.learner_id
            and grid.course_id = placed.course_id
            and grid.week_start = placed.week_start
    window so_far as (
        partition by grid.learner_id, grid.course_id
        order by grid.week_start
        rows between unbounded preceding and current row
    )

),

final as (

    select
        weekly.learner_course_week_id,
        weekly.learner_id,
        weekly.course_id,
        weekly.week_start,
        case
            when {{ has_moodle_table('course_completions') }}
                then weekly.course_completed_at is not null
        end as is_course_completed,
        weekly.new_completed_activity_count,
        weekly.completed_activity_count,
        course_weeks.tracked_activity_count,
        cast(
            weekly.completed_activity_count
            / nullif(cast(course_weeks.tracked_activity_count as {{ double() }}), 0)
            as numeric(5, 4)
        ) as completion_share,
        weekly.course_completed_at
    from weekly
    inner join course_weeks
        on
            weekly.course_id = course_weeks.course_id
            and weekly.week_start = course_weeks.week_start

)

select * from final
