{#
    One row per learner: a user who is or was a learner of a course. Learners without any activity
    are here too. Where a dump has no roles, accounts that did nothing are kept as learners, unless
    they taught: nobody can tell. Leaves out deleted users, guests, administrators, and staff who
    learn nowhere.
#}
{#- Who comes is told by the weeks of the learner's courses. -#}
{{ config(meta={'changed_from': {
    'rows': 'cast(null as date)',
    'columns': {
        'learner_name': none, 'email': none, 'entry_state': none, 'country_code': none,
        'is_timezone_assumed': none, 'is_current': none, 'is_suspended': none,
        'is_role_inferred': none, 'course_count': none, 'active_course_count': none,
        'enrolled_at': none, 'started_at': none, 'first_access_at': none,
        'last_event_at': none,
    },
}}) }}

with learner_courses as (

    select
        learner_id,
        count(*) as course_count,
        {{ count_if('is_active') }} as active_course_count,
        sum(participating_event_count) as participating_event_count,
        {{ bool_or('is_current') }} as is_current,
        {{ bool_or('is_role_inferred') }} as is_role_inferred,
        min(enrolled_at) as enrolled_at,
        min(least(enrolled_at, first_event_at)) as started_at,
        max(last_event_at) as last_event_at
    from {{ ref('int_learner_courses') }}
    group by learner_id

),

users as (

    select * from {{ ref('int_users_classified') }}
    where not is_guest and not is_admin and not is_deleted

),

accounts as (

    select
        user_id,
        first_name,
        last_name,
        email,
        language
    from {{ ref('stg_moodle__users') }}

),

teaching as (

    select
        user_id,
        max(teaching_event_count) as teaching_event_count
    from {{ ref('int_session_days') }}
    group by user_id

),

inference as (

    select {{ bool_or('is_role_inferred') }} as is_role_inferred
    from learner_courses

),

final as (

    select
        users.user_id as learner_id,
        'learner-' || {{ pseudonym('users.user_id') }} as learner_key,
        {{ personal(
            "nullif(trim(concat(accounts.first_name, ' ', accounts.last_name)), '')"
        ) }} as learner_name,
        {{ personal('accounts.email') }} as email,
        case
            when learner_courses.participating_event_count > 0 then 'started'
            when users.has_accessed_site or teaching.user_id is not null
                then 'logged_in_only'
            else 'never_logged_in'
        end as entry_state,
        users.country_code,
        users.timezone,
        users.is_timezone_assumed,
        accounts.language,
        coalesce(learner_courses.is_current, inference.is_role_inferred) as is_current,
        users.is_suspended,
        coalesce(learner_courses.is_role_inferred, inference.is_role_inferred)
            as is_role_inferred,
        cast(coalesce(learner_courses.course_count, 0) as integer) as course_count,
        cast(coalesce(learner_courses.active_course_count, 0) as integer)
            as active_course_count,
        learner_courses.enrolled_at,
        learner_courses.started_at,
        users.first_access_at,
        learner_courses.last_event_at
    from users
    cross join inference
    inner join accounts
        on users.user_id = accounts.user_id
    left join learner_courses
        on users.user_id = learner_courses.learner_id
    left join teaching
        on users.user_id = teaching.user_id
    where
        learner_courses.learner_id is not null
        or (
            inference.is_role_inferred
            and coalesce(teaching.teaching_event_count, 0) = 0
        )

)

select * from final
