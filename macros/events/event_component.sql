{# The component that writes an event (a SQL expression): mod_quiz, core, local_shop. #}
{% macro event_component(event_name) -%}
    split_part({{ event_name }}, {{ moodle_analytics.backslash() }}, 2)
{%- endmacro %}
