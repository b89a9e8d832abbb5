{# A value as a string of Spark's SQL, in which a backslash escapes; NULL for none. #}
{% macro spark_string(value) -%}
    {%- if value is none -%}
    null
    {%- else -%}
    '{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
