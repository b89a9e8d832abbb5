{#
    A template's text with each {name} replaced by what it stands for: a mapping of names to SQL. A
    brace within a value stays a brace: it waits as a control character until all is filled in.
#}
{% macro fill_in(template, values) -%}
    {%- set filled = namespace(text=template) -%}
    {%- for name, expression in values.items() -%}
        {%- set value = "replace(coalesce(" ~ expression ~ ", ''), '{', chr(1))" -%}
        {%- set filled.text = "replace(" ~ filled.text ~ ", '{" ~ name ~ "}', " ~ value ~ ")" -%}
    {%- endfor -%}
    replace({{ filled.text }}, chr(1), '{')
{%- endmacro %}
