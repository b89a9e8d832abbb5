{# Twelve hexadecimal digits that stand for an id in charts; the same id always has the same ones. #}
{% macro pseudonym(id) -%}
    substr(md5('moodle-analytics ' || cast({{ id }} as {{ dbt.type_string() }})), 1, 12)
{%- endmacro %}
