{#
    Names of the columns that tell this model's rows apart: config.meta.key, the contract's primary key,
    or the first column.
#}
{% macro key_columns() -%}
    {%- set named = config.get('meta', {}).get('key') -%}
    {%- if named -%}
        {{ return(named) }}
    {%- endif -%}
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
