{#
    What is this? The activity events of each learner in each course add up to the weeks of
    fct_weekly_engagement, and with those on the site to the weeks of fct_weekly_learners.
    When does it matter? An event outside the grid would vanish from every chart.
    How to resolve: look at the learner's first and last week in int_learner_course_weeks.
#}
with events as (

    select
        learner_courses.learner_id,
        learner_courses.course_id,
        count(*) as event_count
    from {{ ref('int_learner_courses') }} as learner_courses
    inner join {{ ref('int_activity_events') }} as events
        on
            learner_courses.learner_id = events.user_id
            and learner_courses.course_id = events.course_id
    group by learner_courses.learner_id, learner_courses.course_id

),

site_events as (

    select
        user_id as learner_id,
        count(*) as event_count
    from {{ ref('int_activity_events') }}
    where
        course_id = 1
        and user_id in (select learner_id from {{ ref('int_learner_courses') }})
    group by user_id

),

course_weeks as (

    select
        learner_id,
        course_id,
        sum(event_count) as event_count
    from {{ ref('fct_weekly_engagement') }}
    group by learner_id, course_id

),

learner_weeks as (

    select
        learner_id,
        sum(event_count) as event_count,
        sum(site_event_count) as site_event_count
    from {{ ref('fct_weekly_learners') }}
    group by learner_id

),

learner_events as (

    select
        learner_id,
        sum(event_count) as event_count
    from events
    group by learner_id

)

select
    'course' as mart,
    events.learner_id,
    events.course_id,
    events.event_count as expected,
    course_weeks.event_count as found
from events
left join course_weeks
    on
        events.learner_id = course_weeks.learner_id
        and events.course_id = course_weeks.course_id
where events.event_count <> coalesce(course_weeks.event_count, 0)

union all

select
    'learner' as mart,
    learner_weeks.learner_id,
    null as course_id,
    coalesce(learner_events.event_count, 0)
    + coalesce(site_events.event_count, 0) as expected,
    learner_weeks.event_count as found
from learner_weeks
left join learner_events
    on learner_weeks.learner_id = learner_events.learner_id
left join site_events
    on learner_weeks.learner_id = site_events.learner_id
where
    learner_weeks.event_count
    <> coalesce(learner_events.event_count, 0) + coalesce(site_events.event_count, 0)
    or learner_weeks.site_event_count <> coalesce(site_events.event_count, 0)
