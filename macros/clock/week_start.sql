{# The Monday of a date's ISO week. #}
{% macro week_start(date) -%}
    {{ return(adapter.dispatch('week_start', 'moodle_analytics')(date)) }}
{%- endmacro %}


{% macro default__week_start(date) -%}
    ({{ date }} - cast(extract(isodow from {{ date }}) as integer) + 1)
{%- endmacro %}


{% macro spark__week_start(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}
