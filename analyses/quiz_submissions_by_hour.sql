-- At which hour of the day are quiz attempts submitted, in the program's zone and in
-- the learners' own? Attempts of learners alone. A session's time zone changes
-- nothing.
with submissions as (

    select
        events.timezone,
        events.occurred_epoch
    from {{ ref('int_events_screened') }} as events
    inner join {{ ref('int_learner_courses') }} as learner_courses
        on
            events.user_id = learner_courses.learner_id
            and events.course_id = learner_courses.course_id
    inner join {{ ref('int_event_types_seen') }} as event_types
        on events.event_type_key = event_types.event_type_key
    where
        events.left_out_reason is null
        and event_types.event_name like '%mod_quiz%attempt_submitted'

),

hours as (

    select
        mod({{ local_hour_of_week(
            epoch_to_timestamp('occurred_epoch'), program_timezone()
        ) }}, 24) as program_hour,
        mod({{ local_hour_of_week(
            epoch_to_timestamp('occurred_epoch'), 'timezone'
        ) }}, 24) as learner_hour
    from submissions

),

by_program as (

    select
        program_hour as hour_of_day,
        count(*) as submission_count
    from hours
    group by program_hour

),

by_learner as (

    select
        learner_hour as hour_of_day,
        count(*) as submission_count
    from hours
    group by learner_hour

)

select
    coalesce(by_program.hour_of_day, by_learner.hour_of_day) as hour_of_day,
    coalesce(by_program.submission_count, 0) as in_program_zone,
    coalesce(by_learner.submission_count, 0) as in_learners_zone
from by_program
full outer join by_learner
    on by_program.hour_of_day = by_learner.hour_of_day
order by hour_of_day
