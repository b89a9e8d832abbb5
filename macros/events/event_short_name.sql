{# The last part of an event's name: attempt_submitted. #}
{% macro event_short_name(event_name) -%}
    split_part({{ event_name }}, {{ moodle_analytics.backslash() }}, 4)
{%- endmacro %}
