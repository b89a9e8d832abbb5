{#
    One row per learner, course and week of the grid: quiz attempts finished in the week, and what the
    repeated attempts to date have gained. Leaves out previews of teachers and attempts that are not
    finished: in progress, overdue, abandoned. An attempt that is handed in and waits for its grade
    (Moodle 5.0: submitted) is finished and has nothing gained yet.
    The gain of a quiz is best less first attempt, over the quiz's full marks; each attempt adds what
    it improves the best by, so that a running sum is the gain as of the week. Marks that a teacher
    changed later are today's: Moodle keeps no history of them.
    All is NULL where the dump lacks the attempts.
#}
with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}

),

quizzes as (

    select
        quiz_id,
        course_id,
        case when sum_grades > 0 then sum_grades end as full_marks
    from {{ ref('stg_moodle__quizzes') }}

),

all_attempts as (

    select * from {{ ref('stg_moodle__quiz_attempts') }}

),

attempts as (

    select
        all_attempts.quiz_attempt_id,
        all_attempts.user_id as learner_id,
        all_attempts.quiz_id,
        quizzes.course_id,
        all_attempts.finished_at is not null as has_time,
        all_attempts.sum_grades / quizzes.full_marks as mark_share,
        coalesce(
            {{ week_start(local_date('all_attempts.finished_at')) }},
            {{ beginning_of_time() }}
        ) as week_start,
        row_number() over (
            partition by all_attempts.quiz_id, all_attempts.user_id
            order by
                all_attempts.finished_at nulls first,
                all_attempts.attempt_number,
                all_attempts.quiz_attempt_id
        ) as finished_number
    from all_attempts
    inner join quizzes
        on all_attempts.quiz_id = quizzes.quiz_id
    where
        all_attempts.state in ('finished', 'submitted')
        and not coalesce(all_attempts.is_preview, false)

),

graded as (

    select
        quiz_attempt_id,
        row_number() over by_attempt as graded_number,
        max(mark_share) over by_attempt as best_share
    from attempts
    where mark_share is not null
    window by_attempt as (
        partition by quiz_id, learner_id
        order by finished_number
        rows between unbounded preceding and current row
    )

),

gains as (

    select
        attempts.learner_id,
        attempts.course_id,
        attempts.week_start,
        attempts.has_time,
        case when graded.graded_number = 2 then 1 else 0 end as repeated_quiz_count,
        coalesce(
            graded.best_share - lag(graded.best_share) over (
                partition by attempts.quiz_id, attempts.learner_id
                order by graded.graded_number
            ), 0
        ) as gain_share
    from attempts
    left join graded
        on attempts.quiz_attempt_id = graded.quiz_attempt_id

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
        {{ count_if('gains.has_time and gains.week_start >= first_weeks.first_week') }}
            as finished_attempt_count,
        sum(gains.repeated_quiz_count) as repeated_quiz_count,
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
                then coalesce(sum(placed.repeated_quiz_count) over so_far, 0)
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
