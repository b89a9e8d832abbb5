{# Whether this site has an optional table, as `true` or `false` in SQL. #}
{% macro has_moodle_table(table) -%}
    {%- if not execute or adapter.get_columns_in_relation(source('moodle', table)) -%}
    true
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}
