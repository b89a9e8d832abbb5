{# Hours from one instant to another, with their fraction. #}
{% macro hours_between(from_instant, to_instant) -%}
    {{ return(adapter.dispatch('hours_between', 'moodle_analytics')(from_instant, to_instant)) }}
{%- endmacro %}


{% macro default__hours_between(from_instant, to_instant) -%}
    (extract(epoch from {{ to_instant }} - {{ from_instant }}) / 3600)
{%- endmacro %}


{% macro spark__hours_between(from_instant, to_instant) -%}
    ((unix_timestamp({{ to_instant }}) - unix_timestamp({{ from_instant }})) / 3600)
{%- endmacro %}
