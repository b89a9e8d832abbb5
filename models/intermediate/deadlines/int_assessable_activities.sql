{#
    One row per activity of a course, with today's visibility and the deadline that holds for a
    learner without an exception. Items are what learners are asked for: assignments, quizzes, and
    any activity with a date; the others are here because the log may show a submission of them.
    Leaves out activities that are deleted or being deleted, and assignments without submissions.
#}
with course_modules as (

    select * from {{ ref('stg_moodle__course_modules') }}
    where course_id > 1 and not coalesce(is_being_deleted, false)

),

modules as (

    select * from {{ ref('stg_moodle__modules') }}

),

sections as (

    select * from {{ ref('stg_moodle__course_sections') }}

),

assignments as (

    select * from {{ ref('stg_moodle__assignments') }}

),

quizzes as (

    select * from {{ ref('stg_moodle__quizzes') }}

),

forums as (

    select * from {{ ref('stg_moodle__forums') }}

),

final as (

    select
        course_modules.course_module_id,
        course_modules.course_id,
        course_modules.instance_id,
        modules.module_name,
        coalesce(course_modules.is_visible, true)
        and coalesce(sections.is_visible, true) as is_visible,
        coalesce(assignments.is_team_submission, false) as is_team_submission,
        modules.module_name in ('assign', 'quiz')
        or coalesce(forums.due_at, course_modules.completion_expected_at) is not null
            as is_item,
        case modules.module_name
            when 'assign' then {{ has_moodle_table('assign_submission') }}
            when 'quiz' then {{ has_moodle_table('quiz_attempts') }}
            else modules.module_name = 'forum'
        end as has_submission_table,
        case modules.module_name
            when 'assign' then {{ has_moodle_table('assign') }}
            when 'quiz' then {{ has_moodle_table('quiz') }}
            else true
        end as is_deadline_known,
        case
            when
                coalesce(assignments.due_at, quizzes.closes_at, forums.due_at)
                is not null
                then 'activity'
            when course_modules.completion_expected_at is not null
                then 'completion_expected'
        end as deadline_source,
        coalesce(
            assignments.due_at,
            quizzes.closes_at,
            forums.due_at,
            course_modules.completion_expected_at
        ) as due_at,
        course_modules.added_at
    from course_modules
    inner join modules
        on course_modules.module_id = modules.module_id
    left join sections
        on course_modules.section_id = sections.section_id
    left join assignments
        on
            modules.module_name = 'assign'
            and course_modules.instance_id = assignments.assignment_id
    left join quizzes
        on
            modules.module_name = 'quiz'
            and course_modules.instance_id = quizzes.quiz_id
    left join forums
        on
            modules.module_name = 'forum'
            and course_modules.instance_id = forums.forum_id
    where not coalesce(assignments.takes_no_submission, false)

)

select * from final
