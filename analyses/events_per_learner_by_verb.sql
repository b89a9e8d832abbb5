-- How many events has each learner of each of the challenge's 11 verbs (Moodle's
-- actions)? Only what people did: views of notifications, which Moodle writes by
-- itself, are left out.
{% set actions = [
    'loggedin', 'viewed', 'started', 'submitted', 'uploaded', 'updated', 'searched', 'resumed',
    'answered', 'attempted', 'abandoned',
] %}

with events as (

    select
        log_rows.user_id,
        log_rows.action
    from {{ ref('stg_moodle__logstore_standard_log') }} as log_rows
    inner join {{ ref('int_activity_events') }} as activity_events
        on log_rows.event_id = activity_events.event_id

)

select
    learners.learner_id,
    learners.learner_key,
{%- for action in actions %}
{{ count_if("events.action = '" ~ action ~ "'") }} as {{ action }}_count
{{- ',' if not loop.last }}
{%- endfor %}
from {{ ref('dim_learners') }} as learners
left join events
    on learners.learner_id = events.user_id
group by learners.learner_id, learners.learner_key
order by learners.learner_id
