{# Names of the columns that tell this model's rows apart: the contract's primary key, or the first. #}
{% macro key_columns() -%}
    {%- for constraint in model.constraints if constraint.type == 'primary_key' -%}
        {{ return(constraint.columns) }}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- for constraint in column.constraints if constraint.type == 'primary_key' -%}
            {{ return([column.name]) }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return((model.columns.values() | map(attribute='name') | list)[:1]) }}
{%- endmacro %}
