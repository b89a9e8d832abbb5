{#
    One row per learner, course and group of the course that the learner is a member of; a learner
    of a course who is in no group of it has one row with group 0, as Moodle's default team.
#}
with learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

groups_of_courses as (

    select
        group_id,
        course_id
    from {{ ref('stg_moodle__groups') }}

),

members as (

    select distinct
        group_id,
        user_id
    from {{ ref('stg_moodle__group_members') }}

),

memberships as (

    select
        members.user_id,
        groups_of_courses.course_id,
        members.group_id
    from members
    inner join groups_of_courses
        on members.group_id = groups_of_courses.group_id

),

final as (

    select
        {{ row_key([
            'learner_courses.learner_id',
            'learner_courses.course_id',
            'coalesce(memberships.group_id, 0)'
        ]) }} as group_membership_id,
        learner_courses.learner_id,
        learner_courses.course_id,
        coalesce(memberships.group_id, 0) as group_id
    from learner_courses
    left join memberships
        on
            learner_courses.learner_id = memberships.user_id
            and learner_courses.course_id = memberships.course_id

)

select * from final
