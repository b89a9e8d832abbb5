{# The engine's name of a source column's type: bigint, numeric or text. #}
{% macro source_type(type) -%}
    {%- if type == 'text' -%}
        {{ return(dbt.type_string()) }}
    {%- elif type == 'numeric' -%}
        {{ return('numeric(20, 5)') }}
    {%- else -%}
        {{ return(type) }}
    {%- endif -%}
{%- endmacro %}
