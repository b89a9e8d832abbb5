{# The ISO year, the ISO week, and both as 2024-W05, of a date. #}
{% macro iso_year(date) -%}
    extract({{ moodle_analytics.iso_year_field() }} from {{ date }})
{%- endmacro %}
