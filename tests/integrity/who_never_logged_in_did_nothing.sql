{#
    What is this? A learner who never logged in has no activity event, however many rows Moodle wrote for the
    learner by itself.
    When does it matter? In one academy's dump most of the log is such rows; counted, they make 446 learners
    look busy who were never there.
    How to resolve: find the event names of the learner in int_activity_events; a name that Moodle writes by
    itself belongs into the seed event_types with is_automatic true.
#}
select
    learners.learner_id,
    sum(weeks.event_count) as event_count
from {{ ref('dim_learners') }} as learners
inner join {{ ref('fct_weekly_learners') }} as weeks
    on learners.learner_id = weeks.learner_id
where learners.entry_state = 'never_logged_in'
group by learners.learner_id
having sum(weeks.event_count) > 0
