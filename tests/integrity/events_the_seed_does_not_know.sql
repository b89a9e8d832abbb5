{#
    What is this? Event names without a row in the seed event_types, with their share of the log: a warning.
    When does it matter? They are classified by rules and counted as a person's acts; one that Moodle or a
    plug-in writes by itself would be counted too.
    How to resolve: add the name to seeds/event_types.csv, or raise the var unknown_event_warn_share.
#}
{{ config(severity='warn') }}

select
    event_name,
    activity_kind,
    verb,
    event_count,
    round(100 * event_share, 2) as percent_of_log
from {{ ref('int_event_types_seen') }}
where not is_known and event_share > {{ var('unknown_event_warn_share') }}
order by event_count desc
