{#
    One row per learner, course and group of the course that the learner is a member of. Whoever is
    in no group of the course has a row with group 0: Moodle's default team.
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

    select
        group_id,
        user_id,
        min(added_at) as added_at
    from {{ ref('stg_moodle__group_members') }}
    group by group_id, user_id

),

memberships as (

    select
        members.user_id,
        groups_of_courses.course_id,
        members.group_id,
        members.added_at
    from members
    inner join groups_of_courses
        on members.group_id = groups_of_courses.group_id

),

learner_groups as (

    select
        learner_courses.learner_id,
        learner_courses.course_id,
        memberships.group_id,
        memberships.added_at
    from learner_courses
    inner join memberships
        on
            learner_courses.learner_id = memberships.user_id
            and learner_courses.course_id = memberships.course_id

),

default_team as (

    select
        learner_courses.learner_id,
        learner_courses.course_id
    from learner_courses
    left join learner_groups
        on
            learner_courses.learner_id = learner_groups.learner_id
            and learner_courses.course_id = learner_groups.course_id
    group by learner_courses.learner_id, learner_courses.course_id
    having count(learner_groups.group_id) = 0

),

all_groups as (

    select
        learner_id,
        course_id,
        group_id,
        added_at
    from learner_groups
    union all
    select
        learner_id,
        course_id,
        0 as group_id,
        cast(null as timestamp with time zone) as added_at
    from default_team

),

final as (

    select
        {{ row_key(['learner_id', 'course_id', 'group_id']) }} as group_membership_id,
        learner_id,
        course_id,
        group_id,
        added_at
    from all_groups

)

select * from final
