{#
    One row per learner and course. A learner holds the role of a student there or an enrolment
    through a method for students, or once did: Moodle deletes the rows of those who leave, who are
    rebuilt from the log and, where that does not reach back, from the history of grades.
    Where a dump has neither roles nor enrolments, a learner is who has a grade or took part and
    did not teach (is_role_inferred).
    Leaves out staff of the same course, guests, administrators and deleted users.
#}
{#- What is told of today concerns no week, and all else none from before the start. -#}
{{ config(meta={'changed_from': {
    'week': week_start('started_on'),
    'columns': {
        'entry_state': none, 'is_active': none, 'participating_event_count': none,
        'last_event_at': none, 'last_participating_at': none, 'last_event_on': none,
    },
}}) }}

with last_log as (

    select max(calendar_date) as last_log_on from {{ ref('int_days') }}

),

periods as (

    select
        enrolments.user_id,
        enrolments.course_id,
        {{ bool_or('enrolments.is_current') }} as has_enrolment,
        {{ bool_or('enrolments.is_current and enrolments.is_student_method') }}
            as has_student_enrolment,
        {{ bool_or('not enrolments.is_current') }} as has_former_enrolment,
        {{ bool_or('not enrolments.is_current and enrolments.ends_at is null') }}
            as has_unfinished_enrolment,
        {{ bool_or('enrolments.is_current and not enrolments.is_suspended') }}
            as has_unsuspended_enrolment,
        {{ bool_or(
            'enrolments.is_current and not enrolments.is_suspended'
            ~ ' and ' ~ local_date('enrolments.starts_at') ~ ' <= last_log.last_log_on'
            ~ ' and coalesce(' ~ local_date('enrolments.ends_at')
            ~ ' >= last_log.last_log_on, true)'
        ) }} as has_open_enrolment,
        {{ bool_or('enrolments.is_current and enrolments.ends_at is null') }}
            as is_without_end,
        count(*) as period_count,
        min(enrolments.starts_at) as starts_at,
        max(case when enrolments.is_current then enrolments.ends_at end) as ends_at,
        max(case when enrolments.is_current then enrolments.suspended_at end)
            as suspended_at,
        max(case when not enrolments.is_current then enrolments.ends_at end)
            as deleted_at
    from {{ ref('int_enrolment_periods') }} as enrolments
    cross join last_log
    where enrolments.course_id > 1
    group by enrolments.user_id, enrolments.course_id

),

roles as (

    select * from {{ ref('int_course_roles') }}

),

graded as (

    select * from {{ ref('int_graded_users') }}

),

activity as (

    select
        learner_id as user_id,
        course_id,
        sum(participating_event_count) as participating_event_count,
        sum(teaching_event_count) as teaching_event_count,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        min(first_participating_at) as first_participating_at,
        max(last_participating_at) as last_participating_at
    from {{ ref('int_learner_activity_weeks') }}
    where course_id > 1
    group by learner_id, course_id

),

active_users as (

    select distinct learner_id as user_id from {{ ref('int_learner_activity_weeks') }}

),

users as (

    select * from {{ ref('int_users_classified') }}
    where not is_guest and not is_admin and not is_deleted

),

known as (

    select
        exists (select 1 from roles)
        or exists (select 1 from periods where has_student_enrolment) as is_role_known

),

student_methods as (

    select distinct course_id from periods
    where has_student_enrolment

),

pairs as (

    select
        user_id,
        course_id
    from periods
    union
    select
        user_id,
        course_id
    from roles
    union
    select
        user_id,
        course_id
    from graded
    where course_id > 1
    union
    select
        user_id,
        course_id
    from activity

),

evidence as (

    select
        pairs.user_id,
        pairs.course_id,
        not known.is_role_known as is_role_inferred,
        coalesce(roles.is_staff, false) as is_staff,
        coalesce(roles.was_staff, false) as was_staff,
        case
            when known.is_role_known
                then
                    coalesce(roles.is_student, false)
                    or coalesce(periods.has_student_enrolment, false)
            -- The log may tell of an enrolment and of its end where no table does.
            else coalesce(periods.has_unfinished_enrolment, true)
        end as is_current,
        coalesce(roles.was_student, false) as was_student,
        -- Enrolled without any role, in a course whose method is one for students.
        roles.user_id is null
        and coalesce(periods.has_former_enrolment, false)
        and not coalesce(periods.has_enrolment, false)
        and student_methods.course_id is not null
        and coalesce(activity.teaching_event_count, 0) = 0 as was_enrolled_without_role,
        roles.user_id is null
        and periods.user_id is null
        and graded.user_id is not null
        and coalesce(activity.participating_event_count, 0) > 0
        and activity.teaching_event_count = 0 as was_graded,
        (
            coalesce(graded.has_current_grade, false)
            or coalesce(activity.participating_event_count, 0) > 0
        )
        and coalesce(activity.teaching_event_count, 0) = 0 as looks_like_learner,
        -- Who holds the role without an enrolment is not suspended by one.
        case
            when not known.is_role_known then true
            when periods.has_enrolment then periods.has_open_enrolment
            else coalesce(roles.is_student, false)
        end as has_open_enrolment,
        case
            when not known.is_role_known then true
            when periods.has_enrolment then periods.has_unsuspended_enrolment
            else coalesce(roles.is_student, false)
        end as has_unsuspended_enrolment,
        coalesce(periods.is_without_end, true) as is_without_end,
        coalesce(periods.period_count, 1) as enrolment_period_count,
        coalesce(activity.participating_event_count, 0) as participating_event_count,
        coalesce(periods.starts_at, roles.student_from) as enrolled_at,
        periods.ends_at,
        periods.suspended_at,
        coalesce(
            periods.deleted_at, roles.student_until, graded.last_deleted_at,
            activity.last_event_at
        ) as left_at,
        activity.first_event_at,
        activity.last_event_at,
        activity.first_participating_at,
        activity.last_participating_at
    from pairs
    cross join known
    left join roles
        on pairs.user_id = roles.user_id and pairs.course_id = roles.course_id
    left join periods
        on pairs.user_id = periods.user_id and pairs.course_id = periods.course_id
    left join graded
        on pairs.user_id = graded.user_id and pairs.course_id = graded.course_id
    left join activity
        on pairs.user_id = activity.user_id and pairs.course_id = activity.course_id
    left join student_methods
        on pairs.course_id = student_methods.course_id

),

learners as (

    select * from evidence
    where
        case
            when is_role_inferred then looks_like_learner
            when is_staff then false
            when is_current then true
            when was_staff then false
            else was_student or was_enrolled_without_role or was_graded
        end

),

final as (

    select
        {{ row_key([
            'learners.user_id',
            'learners.course_id'
        ]) }} as learner_course_id,
        learners.user_id as learner_id,
        learners.course_id,
        case
            when learners.participating_event_count > 0 then 'started'
            when users.has_accessed_site or active_users.user_id is not null
                then 'logged_in_only'
            else 'never_logged_in'
        end as entry_state,
        learners.is_current,
        learners.is_current
        and learners.has_open_enrolment
        and not users.is_suspended as is_active,
        learners.is_current
        and (users.is_suspended or not learners.has_unsuspended_enrolment)
            as is_suspended,
        learners.is_role_inferred,
        learners.enrolment_period_count,
        learners.participating_event_count,
        learners.enrolled_at,
        case
            when not learners.is_current then learners.left_at
            when not learners.is_without_end then learners.ends_at
        end as enrolment_ends_at,
        case when not learners.is_current then learners.left_at end as unenrolled_at,
        case
            when not learners.is_current then null
            when users.is_suspended
                then least(
                    coalesce(users.suspended_at, learners.enrolled_at),
                    case
                        when not learners.has_unsuspended_enrolment
                            then learners.suspended_at
                    end
                )
            when not learners.has_unsuspended_enrolment then learners.suspended_at
        end as suspended_at,
        learners.first_event_at,
        learners.last_event_at,
        learners.first_participating_at,
        learners.last_participating_at,
        {{ local_date('learners.enrolled_at') }} as enrolled_on,
        {{ local_date('least(learners.enrolled_at, learners.first_event_at)') }}
            as started_on,
        {{ local_date('learners.last_event_at') }} as last_event_on
    from learners
    inner join users
        on learners.user_id = users.user_id
    left join active_users
        on learners.user_id = active_users.user_id

)

select * from final
