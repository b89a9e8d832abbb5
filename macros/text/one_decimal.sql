{# A number as people read it in a sentence, with one decimal; 0.0 where it is not known. #}
{% macro one_decimal(number) -%}
    cast(cast(coalesce({{ number }}, 0) as numeric(20, 1)) as {{ dbt.type_string() }})
{%- endmacro %}
