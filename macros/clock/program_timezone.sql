{# The program's zone as a SQL string. #}
{% macro program_timezone() -%}
    '{{ var("program_timezone") | replace("'", "''") }}'
{%- endmacro %}
