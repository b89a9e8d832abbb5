{# A text as a string of PostgreSQL's SQL, whatever quotes are in it. #}
{% macro sql_string(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}
