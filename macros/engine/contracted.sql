{# SQL of a model with the columns of its contract, in their order; an error where they differ. #}
{% macro contracted(sql) -%}
    {%- do assert_columns_equivalent(sql) -%}
    select
        {%- for column in model.columns.values() %}
        cast({{ adapter.quote(column.name) }} as {{ column.data_type }})
            as {{ adapter.quote(column.name) }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ sql }}
    ) as contracted
{%- endmacro %}
