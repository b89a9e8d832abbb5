{# Whole weeks from one Monday to another. #}
{% macro weeks_between(from_monday, to_monday) -%}
    cast({{ moodle_analytics.days_between(from_monday, to_monday) }} / 7 as integer)
{%- endmacro %}
