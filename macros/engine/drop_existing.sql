{# SQL that drops what stands under a relation's name, be it a table or a view, and what reads it. #}
{% macro drop_existing(relation) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing -%}
    drop {{ existing.type }} if exists {{ existing }} cascade;
    {%- endif -%}
{%- endmacro %}
