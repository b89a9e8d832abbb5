{# The last word of an event's name, which Moodle calls its action: submitted. #}
{% macro event_action(event_name) -%}
    reverse(split_part(reverse({{ moodle_analytics.event_short_name(event_name) }}), '_', 1))
{%- endmacro %}
