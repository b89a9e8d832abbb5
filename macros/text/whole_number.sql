{# A number as people read it in a sentence: rounded, without decimals. #}
{% macro whole_number(number) -%}
    cast(cast(round({{ number }}) as bigint) as {{ dbt.type_string() }})
{%- endmacro %}
