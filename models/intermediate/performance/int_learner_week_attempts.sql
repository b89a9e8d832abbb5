{#
    One row per learner, course and week of the grid: quiz attempts finished in the week, and what the
    repeated attempts to date have gained. All is NULL where the dump lacks the attempts.
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

gains as (

    select * from {{ ref('int_quiz_gains') }}

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
        gains.learner_id,
        gains.course_id,
        greatest(gains.week_start, first_weeks.first_week) as week_start,
        cast(
            sum(
                case
                    when gains.week_start >= first_weeks.first_week
                        then gains.finished_attempt_count
                    else 0
                end
            ) as integer
        ) as finished_attempt_count,
        cast(sum(gains.repeated_quiz_count) as integer) as repeated_quiz_count,
        sum(gains.gain_share) as gain_share
    from gains
    inner join first_weeks
        on
            gains.learner_id = first_weeks.learner_id
            and gains.course_id = first_weeks.course_id
    group by
        gains.learner_id,
        gains.course_id,
        greatest(gains.week_start, first_weeks.first_week)

),

final as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        case
            when
                {{ has_moodle_table('quiz_attempts') }}
                and {{ has_moodle_table('quiz') }}
                then coalesce(placed.finished_attempt_count, 0)
        end as finished_attempt_count,
        case
            when
                {{ has_moodle_table('quiz_attempts') }}
                and {{ has_moodle_table('quiz') }}
                then cast(
                    coalesce(sum(placed.repeated_quiz_count) over so_far, 0) as integer
                )
        end as repeated_quiz_count,
        cast(
            sum(placed.gain_share) over so_far
            / nullif(sum(placed.repeated_quiz_count) over so_far, 0) as numeric(20, 8)
        ) as attempt_gain_share
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

)

select * from final
