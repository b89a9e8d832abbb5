{# Where a value lies between the least and the most it could be: 0 to 1; NULL for an empty range. #}
{% macro share_of_range(value, least, most) -%}
    cast(
        ({{ value }} - {{ least }}) / nullif({{ most }} - {{ least }}, 0) as numeric(20, 8)
    )
{%- endmacro %}
