{# Incremental strategy: what came stands in for the rows of the same ids. #}
{% macro get_incremental_replace_events_sql(arg_dict) -%}
    {%- set new = arg_dict['temp_relation'] -%}
    {{ moodle_analytics.replace_rows(
        arg_dict,
        'event_id >= (select min(event_id) from ' ~ new ~ ')'
        ~ ' and event_id in (select event_id from ' ~ new ~ ') and not is_removed'
    ) }}
{%- endmacro %}
