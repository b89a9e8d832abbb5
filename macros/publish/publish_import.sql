{#
    Operation that publishes what make_import_tables made and others filled, as the end of a build
    would: all tables at once, with policies and rights, or none.
#}
{% macro publish_import() -%}
    {%- set nodes = published_nodes() -%}
    {%- set moves = [] -%}
    {%- for node in nodes -%}
        {%- set working = adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias) -%}
        {%- do moves.append(
            'create schema if not exists ' ~ adapter.quote(node.schema)
            ~ '; drop table if exists ' ~ working ~ ' cascade'
            ~ '; alter table ' ~ adapter.quote(import_schema()) ~ '.' ~ adapter.quote(node.alias)
            ~ ' set schema ' ~ adapter.quote(node.schema)
        ) -%}
    {%- endfor -%}
    {%- do run_query('begin; ' ~ prepare_access() ~ '; commit') -%}
    {%- do run_query(
        'begin; ' ~ moves | join('; ') ~ '; ' ~ publication(nodes, current_readers())
        ~ '; drop schema ' ~ adapter.quote(import_schema()) ~ '; commit'
    ) -%}
{%- endmacro %}
