{#
    One row per learner, course and group that the learner is counted in: everyone, each of Moodle's
    groups of the course, and each site cohort with members in the course. Membership is today's,
    since Moodle keeps no history of it. A label is unique within its course: names that are used
    twice carry the id. Leaves out groups and cohorts in which no learner of the course is.
#}
with memberships as (

    select
        learner_id,
        course_id,
        group_id
    from {{ ref('int_group_memberships') }}

),

course_groups as (

    select
        group_id,
        nullif(trim(name), '') as group_name
    from {{ ref('stg_moodle__groups') }}

),

cohorts as (

    select
        cohort_id,
        nullif(trim(name), '') as cohort_name
    from {{ ref('stg_moodle__cohorts') }}

),

cohort_members as (

    select distinct
        cohort_id,
        user_id
    from {{ ref('stg_moodle__cohort_members') }}

),

learners as (

    select
        learner_id,
        learner_key
    from {{ ref('dim_learners') }}

),

courses as (

    select
        course_id,
        course_short_name,
        course_name
    from {{ ref('dim_courses') }}

),

learner_courses as (

    select distinct
        learner_id,
        course_id
    from memberships

),

members as (

    select
        learner_id,
        course_id,
        'all' as learner_group_kind,
        cast(null as bigint) as number,
        'All learners' as name
    from learner_courses
    union all
    select
        memberships.learner_id,
        memberships.course_id,
        'group' as learner_group_kind,
        memberships.group_id as number,
        course_groups.group_name as name
    from memberships
    inner join course_groups
        on memberships.group_id = course_groups.group_id
    union all
    select
        learner_courses.learner_id,
        learner_courses.course_id,
        'cohort' as learner_group_kind,
        cohorts.cohort_id as number,
        'Cohort: ' || cohorts.cohort_name as name
    from learner_courses
    inner join cohort_members
        on learner_courses.learner_id = cohort_members.user_id
    inner join cohorts
        on cohort_members.cohort_id = cohorts.cohort_id

),

named as (

    select
        learner_id,
        course_id,
        learner_group_kind,
        cast(number as {{ dbt.type_string() }}) as number_text,
        coalesce(
            name,
            case learner_group_kind when 'group' then 'Group ' else 'Cohort ' end
            || cast(number as {{ dbt.type_string() }})
        ) as name
    from members

),

identified as (

    select
        learner_id,
        course_id,
        learner_group_kind,
        number_text,
        name,
        learner_group_kind || coalesce(' ' || number_text, '') as learner_group_id
    from named

),

compared as (

    select
        *,
        min(learner_group_id) over (partition by course_id, name)
        <> max(learner_group_id) over (partition by course_id, name) as is_name_shared
    from identified

),

final as (

    select
        compared.learner_id,
        compared.course_id,
        compared.learner_group_id,
        learners.learner_key,
        courses.course_short_name,
        courses.course_name,
        case
            when compared.is_name_shared and compared.number_text is not null
                then compared.name || ' (' || compared.number_text || ')'
            else compared.name
        end as learner_group,
        compared.learner_group_kind
    from compared
    inner join learners
        on compared.learner_id = learners.learner_id
    inner join courses
        on compared.course_id = courses.course_id

)

select * from final
