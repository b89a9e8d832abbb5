{#
    One row per learner, course and week with a finished quiz attempt: how many, and what they add to
    the gain of repeated ones, so that a running sum is the gain as of the week. Attempts without a
    time are in the first of all weeks, and not in the number. Leaves out previews of teachers and
    attempts that are not finished: in progress, overdue, abandoned. An attempt that is handed in and
    waits for its grade (Moodle 5.0: submitted) is finished and has nothing gained yet.
    The gain of a quiz is best less first attempt, over the quiz's full marks; each attempt adds what
    it improves the best by. Marks that a teacher changed later are today's: Moodle keeps no history
    of them.
#}
with quizzes as (

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

final as (

    select
        {{ row_key(['learner_id', 'course_id', 'week_start']) }} as quiz_gain_id,
        learner_id,
        course_id,
        week_start,
        cast({{ count_if('has_time') }} as integer) as finished_attempt_count,
        cast(sum(repeated_quiz_count) as integer) as repeated_quiz_count,
        cast(sum(gain_share) as numeric(24, 12)) as gain_share
    from gains
    group by learner_id, course_id, week_start

)

select * from final
