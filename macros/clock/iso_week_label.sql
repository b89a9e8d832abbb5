{% macro iso_week_label(date) -%}
    cast({{ moodle_analytics.iso_year(date) }} as {{ dbt.type_string() }}) || '-W'
    || lpad(cast({{ moodle_analytics.iso_week(date) }} as {{ dbt.type_string() }}), 2, '0')
{%- endmacro %}
