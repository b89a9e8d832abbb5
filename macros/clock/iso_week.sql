{% macro iso_week(date) -%}
    extract(week from {{ date }})
{%- endmacro %}
