{# Whether a condition holds for any row; false, not NULL, where it is never known. #}
{% macro bool_or(condition) -%}
    coalesce(bool_or({{ condition }}), false)
{%- endmacro %}
