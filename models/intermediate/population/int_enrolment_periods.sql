{#
    One row per enrolment of a user in a course through one method, now or formerly. Former ones, whose
    row Moodle has deleted, come from the log and have the time of their deletion; whether their
    method was one for learners is no longer known (NULL).
#}
with user_enrolments as (

    select * from {{ ref('stg_moodle__user_enrolments') }}

),

methods as (

    select * from {{ ref('stg_moodle__enrolment_methods') }}

),

roles as (

    select * from {{ ref('stg_moodle__roles') }}

),

changes as (

    select * from {{ ref('int_enrolment_changes') }}
    where user_enrolment_id is not null

),

current_periods as (

    select
        user_enrolments.user_enrolment_id,
        user_enrolments.user_id,
        methods.course_id,
        true as is_current,
        coalesce(roles.archetype = 'student', false) as is_student_method,
        coalesce(user_enrolments.is_suspended, false)
        or not coalesce(methods.is_enabled, true) as is_suspended,
        coalesce(user_enrolments.starts_at, user_enrolments.created_at) as starts_at,
        user_enrolments.ends_at,
        -- Switching off a method suspends all that came through it.
        least(
            case
                when user_enrolments.is_suspended
                    then
                        coalesce(
                            user_enrolments.modified_at, user_enrolments.created_at
                        )
            end,
            case
                when not methods.is_enabled
                    then coalesce(methods.modified_at, methods.created_at)
            end
        ) as suspended_at
    from user_enrolments
    inner join methods
        on user_enrolments.enrolment_method_id = methods.enrolment_method_id
    left join roles
        on methods.default_role_id = roles.role_id

),

former_periods as (

    select
        changes.user_enrolment_id,
        changes.user_id,
        changes.course_id,
        false as is_current,
        cast(null as boolean) as is_student_method,
        cast(null as boolean) as is_suspended,
        min(case when changes.is_given then changes.changed_at end) as starts_at,
        max(case when not changes.is_given then changes.changed_at end) as ends_at,
        cast(null as {{ data_type('timestamp with time zone') }}) as suspended_at
    from changes
    left join current_periods
        on changes.user_enrolment_id = current_periods.user_enrolment_id
    where current_periods.user_enrolment_id is null
    group by changes.user_enrolment_id, changes.user_id, changes.course_id

),

final as (

    select * from current_periods
    union all
    select * from former_periods

)

select * from final
