{# Number that this build stamps on rows that it takes in; a build that is repeated has the same. #}
{% macro build_number() -%}
    {%- set state = moodle_analytics.completed_build() -%}
    {{ return((state['build_number'] if state else 0) + 1) }}
{%- endmacro %}
