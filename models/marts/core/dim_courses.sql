{#
    One row per course. Deleted courses are known from the log and from former learners; they have no
    name. Leaves out the site itself (Moodle's course 1).
#}
{{ config(meta={'changed_from': {'columns': {
    'learner_count': none, 'active_learner_count': none, 'started_learner_count': none,
    'former_learner_count': none, 'first_week': none, 'first_learner_event_at': none,
    'last_learner_event_at': none, 'last_event_at': none,
}}}) }}

with courses as (

    select * from {{ ref('stg_moodle__courses') }}
    where course_id > 1

),

learner_courses as (

    select
        course_id,
        count(*) as learner_count,
        {{ count_if('is_active') }} as active_learner_count,
        {{ count_if("entry_state = 'started'") }} as started_learner_count,
        {{ count_if('not is_current') }} as former_learner_count,
        min(first_event_at) as first_learner_event_at,
        max(last_event_at) as last_learner_event_at
    from {{ ref('int_learner_courses') }}
    group by course_id

),

activity as (

    select
        course_id,
        max(last_event_at) as last_event_at
    from {{ ref('int_session_days') }}
    where course_id > 1
    group by course_id

),

weeks as (

    select
        course_id,
        min(case when course_week = 1 then week_start end) as first_course_week
    from {{ ref('int_learner_course_weeks') }}
    group by course_id

),

course_ids as (

    select course_id from courses
    union
    select course_id from learner_courses
    union
    select course_id from activity

),

final as (

    select
        course_ids.course_id,
        courses.short_name as course_short_name,
        courses.full_name as course_name,
        courses.format as course_format,
        courses.course_id is null as is_deleted,
        courses.is_visible,
        courses.has_completion_tracking,
        cast(coalesce(learner_courses.learner_count, 0) as integer) as learner_count,
        cast(coalesce(learner_courses.active_learner_count, 0) as integer)
            as active_learner_count,
        cast(coalesce(learner_courses.started_learner_count, 0) as integer)
            as started_learner_count,
        cast(coalesce(learner_courses.former_learner_count, 0) as integer)
            as former_learner_count,
        coalesce(
            weeks.first_course_week,
            {{ week_start(local_date(
                'coalesce(courses.start_at, learner_courses.first_learner_event_at)'
            )) }}
        ) as first_week,
        courses.start_at,
        courses.end_at,
        learner_courses.first_learner_event_at,
        learner_courses.last_learner_event_at,
        activity.last_event_at
    from course_ids
    left join courses
        on course_ids.course_id = courses.course_id
    left join learner_courses
        on course_ids.course_id = learner_courses.course_id
    left join activity
        on course_ids.course_id = activity.course_id
    left join weeks
        on course_ids.course_id = weeks.course_id

)

select * from final
