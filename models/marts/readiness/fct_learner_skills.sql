{#
    One row per learner, course and skill that the seed skills finds in the course: how far its graded
    items are mastered today. A learner without a graded item of the skill has a row, without a share.
    Leaves out courses that the seed does not name. A proxy that nobody has validated: a grade shows
    a skill as far as the task asked for it.
#}
with skills as (

    select * from {{ ref('skills') }}

),

courses as (

    select
        course_id,
        course_short_name
    from {{ ref('dim_courses') }}

),

learners as (

    select distinct
        learner_id,
        course_id
    from {{ ref('fct_weekly_performance') }}

),

grades as (

    select
        learner_id,
        course_id,
        grade_item_id,
        item_name,
        grade_share,
        is_passed
    from {{ ref('fct_grades') }}
    where is_counted

),

course_skills as (

    select
        courses.course_id,
        skills.skill,
        lower(trim(nullif(skills.activity_name, ''))) as activity_name
    from skills
    inner join courses
        on skills.course_short_name = courses.course_short_name

),

learner_skills as (

    select distinct
        learners.learner_id,
        learners.course_id,
        course_skills.skill
    from learners
    inner join course_skills
        on learners.course_id = course_skills.course_id

),

-- An item shows a skill once, by its own row or by that of its course.
shown as (

    select distinct
        grades.learner_id,
        grades.course_id,
        grades.grade_item_id,
        course_skills.skill,
        grades.grade_share,
        grades.is_passed
    from grades
    inner join course_skills
        on
            grades.course_id = course_skills.course_id
            and coalesce(
                course_skills.activity_name = lower(trim(grades.item_name)),
                course_skills.activity_name is null
            )

),

final as (

    select
        learner_skills.learner_id,
        learner_skills.course_id,
        learner_skills.skill,
        false as is_validated,
        cast(count(shown.grade_item_id) as integer) as graded_item_count,
        cast({{ count_if('shown.is_passed') }} as integer) as passed_item_count,
        cast(avg(shown.grade_share) as numeric(20, 6)) as mastery_share
    from learner_skills
    left join shown
        on
            learner_skills.learner_id = shown.learner_id
            and learner_skills.course_id = shown.course_id
            and learner_skills.skill = shown.skill
    group by learner_skills.learner_id, learner_skills.course_id, learner_skills.skill

)

select * from final
