{# A template's text with each {name} replaced by what it stands for: a mapping of names to SQL. #}
{% macro fill_in(template, values) -%}
    {%- set filled = namespace(text=template) -%}
    {%- for name, expression in values.items() -%}
        {%- set filled.text = (
            "replace(" ~ filled.text ~ ", '{" ~ name ~ "}', coalesce(" ~ expression ~ ", ''))"
        ) -%}
    {%- endfor -%}
    {{ filled.text }}
{%- endmacro %}
