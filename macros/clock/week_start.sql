{# The Monday of a date's ISO week. #}
{% macro week_start(date) -%}
    {{ return(adapter.dispatch('week_start', 'moodle_analytics')(date)) }}
{%- endmacro %}


{# Counted from a Monday: `date` is an expression that is written, and computed, but once. #}
{% macro default__week_start(date) -%}
    (date '0001-01-01' + ({{ date }} - date '0001-01-01') / 7 * 7)
{%- endmacro %}


{% macro spark__week_start(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}
