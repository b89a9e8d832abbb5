{# Where a value lies between the least and the most it could be: 0 to 1; NULL for no such range. #}
{% macro share_of_range(value, least, most) -%}
    cast(
        ({{ value }} - {{ least }}) / nullif(greatest({{ most }} - {{ least }}, 0), 0)
        as numeric(20, 8)
    )
{%- endmacro %}
