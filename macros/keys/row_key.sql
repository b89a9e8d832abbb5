{# The columns of a grain as one text with blanks between; NULL where any of them is. #}
{% macro row_key(columns) -%}
    {%- for column in columns -%}
    cast({{ column }} as {{ dbt.type_string() }}){{ " || ' ' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
