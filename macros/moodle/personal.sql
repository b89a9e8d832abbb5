{# Personal data: the expression where the var expose_pii is true, else NULL. #}
{% macro personal(expression) -%}
    {%- if var('expose_pii') -%}
    {{ expression }}
    {%- else -%}
    cast(null as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
