{# Whether this site has an optional table, as `true` or `false` in SQL. #}
{% macro has_moodle_table(table) -%}
    {%- if not execute or moodle_analytics.column_names(source('moodle', table)) -%}
    true
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}
