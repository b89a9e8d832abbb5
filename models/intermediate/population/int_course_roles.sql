{#
    One row per user and course in which the user holds or held a role: as a learner (archetype
    student) or as staff (manager, coursecreator, editingteacher, teacher). A role counts in the
    context where it was given and in all below it. Leaves out other archetypes, and roles in
    contexts below a course.
#}
with assignments as (

    select * from {{ ref('stg_moodle__role_assignments') }}

),

roles as (

    select
        role_id,
        archetype = 'student' as is_student,
        archetype in ('manager', 'coursecreator', 'editingteacher', 'teacher')
            as is_staff,
        archetype in ('manager', 'editingteacher', 'teacher') as is_teacher
    from {{ ref('stg_moodle__roles') }}

),

contexts as (

    select * from {{ ref('stg_moodle__contexts') }}

),

changes as (

    select * from {{ ref('int_enrolment_changes') }}
    where role_id is not null

),

held_in_course as (

    select
        assignments.user_id,
        contexts.instance_id as course_id,
        assignments.role_id,
        assignments.assigned_at
    from assignments
    inner join contexts
        on assignments.context_id = contexts.context_id
    where contexts.context_level = 50

),

held_above as (

    select
        assignments.user_id,
        below.instance_id as course_id,
        assignments.role_id,
        assignments.assigned_at
    from assignments
    inner join contexts
        on assignments.context_id = contexts.context_id
    inner join contexts as below
        on
            below.context_level = 50
            and below.path like contexts.path || '/%'
    where contexts.context_level in (10, 40)

),

held as (

    select
        user_id,
        course_id,
        role_id,
        true as is_current,
        assigned_at as given_at,
        cast(null as {{ data_type('timestamp with time zone') }}) as taken_at
    from held_in_course
    union all
    select
        user_id,
        course_id,
        role_id,
        true as is_current,
        assigned_at as given_at,
        cast(null as {{ data_type('timestamp with time zone') }}) as taken_at
    from held_above
    union all
    select
        user_id,
        course_id,
        role_id,
        false as is_current,
        case when is_given then changed_at end as given_at,
        case when not is_given then changed_at end as taken_at
    from changes

),

final as (

    select
        {{ row_key(['held.user_id', 'held.course_id']) }} as course_role_id,
        held.user_id,
        held.course_id,
        {{ bool_or('held.is_current and roles.is_student') }} as is_student,
        {{ bool_or('held.is_current and roles.is_staff') }} as is_staff,
        {{ bool_or('held.is_current and roles.is_teacher') }} as is_teacher,
        {{ bool_or('roles.is_student') }} as was_student,
        {{ bool_or('roles.is_staff') }} as was_staff,
        min(case when roles.is_student then held.given_at end) as student_from,
        max(case when roles.is_student then held.taken_at end) as student_until
    from held
    inner join roles
        on held.role_id = roles.role_id
    where
        (roles.is_student or roles.is_staff)
        and held.course_id > 1
    group by held.user_id, held.course_id

)

select * from final
