{#
    One row per check of who is a learner: how many people, enrolments, courses or tables a check
    concerns, and of how many. Deleted users are counted here, and nowhere else.
#}
{% set checks = [
    'absent_tables', 'deleted_users', 'deleted_courses', 'enrolments_without_role',
    'inferred_learners', 'former_learners', 'never_logged_in', 'repeated_enrolments',
    'staff_and_learner', 'timezones_assumed',
] %}
{% set without_roles = 'not ' ~ has_moodle_table('role_assignments') | trim %}

with learner_courses as (

    select * from {{ ref('int_learner_courses') }}

),

enrolments as (

    select distinct
        user_id,
        course_id
    from {{ ref('int_enrolment_periods') }}
    where is_current and course_id > 1

),

roles as (

    select
        user_id,
        course_id,
        is_student,
        is_staff
    from {{ ref('int_course_roles') }}
    where is_student or is_staff

),

users as (

    select
        user_id,
        is_timezone_assumed,
        is_deleted
    from {{ ref('int_users_classified') }}

),

courses as (

    select course_id from {{ ref('stg_moodle__courses') }}

),

accounts as (

    select
        {{ count_if('is_deleted') }} as deleted_users_count,
        count(*) as deleted_users_total
    from users

),

course_learners as (

    select
        course_id,
        count(*) as learner_count,
        {{ count_if('is_role_inferred') }} as inferred_count,
        {{ count_if('not is_current') }} as former_count,
        {{ count_if('enrolment_period_count > 1') }} as repeated_count
    from learner_courses
    group by course_id

),

courses_summed as (

    select
        {{ count_if('courses.course_id is null') }} as deleted_courses_count,
        sum(course_learners.inferred_count) as inferred_learners_count,
        sum(course_learners.former_count) as former_learners_count,
        sum(course_learners.repeated_count) as repeated_enrolments_count,
        count(*) as deleted_courses_total,
        sum(course_learners.learner_count) as learner_course_count
    from course_learners
    left join courses
        on course_learners.course_id = courses.course_id

),

enrolments_summed as (

    select
        {{ count_if('roles.user_id is null') }} as enrolments_without_role_count,
        count(*) as enrolments_without_role_total
    from enrolments
    inner join users
        on enrolments.user_id = users.user_id and not users.is_deleted
    left join roles
        on
            enrolments.user_id = roles.user_id
            and enrolments.course_id = roles.course_id

),

roles_summed as (

    select
        {{ count_if('is_student and is_staff') }} as staff_and_learner_count,
        {{ count_if('is_student') }} as staff_and_learner_total
    from roles

),

learners as (

    select
        learner_id,
        {{ bool_or("entry_state = 'never_logged_in'") }} as is_never_logged_in
    from learner_courses
    group by learner_id

),

learners_summed as (

    select
        {{ count_if('learners.is_never_logged_in') }} as never_logged_in_count,
        {{ count_if('users.is_timezone_assumed') }} as timezones_assumed_count,
        count(*) as learner_count
    from learners
    inner join users
        on learners.learner_id = users.user_id

),

measured as (

    select
        {{ absent_moodle_tables() | length }} as absent_tables_count,
        accounts.deleted_users_count,
        courses_summed.deleted_courses_count,
        enrolments_summed.enrolments_without_role_count,
        courses_summed.inferred_learners_count,
        courses_summed.former_learners_count,
        learners_summed.never_logged_in_count,
        courses_summed.repeated_enrolments_count,
        roles_summed.staff_and_learner_count,
        learners_summed.timezones_assumed_count,
        {{ optional_moodle_table_count() }} as absent_tables_total,
        accounts.deleted_users_total,
        courses_summed.deleted_courses_total,
        enrolments_summed.enrolments_without_role_total,
        courses_summed.learner_course_count as inferred_learners_total,
        courses_summed.learner_course_count as former_learners_total,
        learners_summed.learner_count as never_logged_in_total,
        courses_summed.learner_course_count as repeated_enrolments_total,
        roles_summed.staff_and_learner_total,
        learners_summed.learner_count as timezones_assumed_total
    from accounts
    cross join courses_summed
    cross join enrolments_summed
    cross join roles_summed
    cross join learners_summed

),

final as (

    {{ check_rows('measured', checks, unless={
        'enrolments_without_role': without_roles,
        'staff_and_learner': without_roles,
    }) }}

)

select * from final
