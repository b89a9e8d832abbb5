{#
    One row per user name and course whose rows of the marts its holder may read. From the seed
    entitlements, and where the var entitle_teachers is true from Moodle: who is manager, teacher or
    non-editing teacher of the course now, there or in a context above it. Leaves out course creators
    and administrators without such a role, deleted and suspended accounts (in the seed too), teachers
    whose enrolments are all suspended or over, and courses that are not there.
#}
with listed as (

    select
        lower(trim(user_name)) as user_name,
        course_short_name
    from {{ ref('entitlements') }}

),

roles as (

    select
        user_id,
        course_id
    from {{ ref('int_course_roles') }}
    where
        is_teacher
        and {{ 'true' if var('entitle_teachers') else 'false' }}

),

enrolments as (

    select
        user_id,
        course_id,
        {{ bool_or(
            'not is_suspended'
            ~ ' and coalesce(starts_at <= current_timestamp, true)'
            ~ ' and coalesce(ends_at > current_timestamp, true)'
        ) }} as is_open
    from {{ ref('int_enrolment_periods') }}
    where is_current
    group by user_id, course_id

),

accounts as (

    select
        user_id,
        lower(trim(username)) as user_name,
        coalesce(is_deleted, false) or coalesce(is_suspended, false) as is_barred
    from {{ ref('stg_moodle__users') }}

),

courses as (

    select
        course_id,
        short_name
    from {{ ref('stg_moodle__courses') }}

),

barred as (

    select distinct user_name from accounts
    where is_barred

),

entitlements as (

    select
        listed.user_name,
        courses.course_id,
        'seed' as source
    from listed
    inner join courses
        on listed.course_short_name = courses.short_name
    union all
    select
        accounts.user_name,
        courses.course_id,
        'moodle' as source
    from roles
    inner join courses
        on roles.course_id = courses.course_id
    inner join accounts
        on roles.user_id = accounts.user_id
    left join enrolments
        on
            roles.user_id = enrolments.user_id
            and roles.course_id = enrolments.course_id
    -- Managers of a category need no enrolment to enter its courses.
    where coalesce(enrolments.is_open, true)

),

final as (

    select
        {{ row_key(['entitlements.user_name', 'entitlements.course_id']) }}
            as entitlement_id,
        entitlements.user_name,
        entitlements.course_id,
        max(entitlements.source) as source
    from entitlements
    left join barred
        on entitlements.user_name = barred.user_name
    where
        barred.user_name is null
        and entitlements.user_name <> ''
    group by entitlements.user_name, entitlements.course_id

)

select * from final
