{# The full name of one of Moodle's own events as a SQL string; Spark reads a backslash as an escape. #}
{% macro core_event(name) -%}
    {{ return(adapter.dispatch('core_event', 'moodle_analytics')(name)) }}
{%- endmacro %}


{% macro default__core_event(name) -%}
    '\core\event\{{ name }}'
{%- endmacro %}


{% macro spark__core_event(name) -%}
    '\\core\\event\\{{ name }}'
{%- endmacro %}
