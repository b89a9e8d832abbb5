{# Texts one below the other, an empty line between; those that are NULL or empty are left out. #}
{% macro joined_lines(texts) -%}
    concat_ws(chr(10) || chr(10)
    {%- for text in texts %}, nullif({{ text }}, ''){% endfor %})
{%- endmacro %}
