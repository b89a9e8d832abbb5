{#
    Operation that makes empty tables, as a build would make them, for what comes back from another
    engine: in a schema of their own. `types` gives, by model and column, the types of models without
    a contract.
#}
{% macro make_import_tables(types) -%}
    {%- set schema = adapter.quote(import_schema()) -%}
    {%- set statements = [
        'drop schema if exists ' ~ schema ~ ' cascade', 'create schema ' ~ schema
    ] -%}
    {%- for node in published_nodes() -%}
        {%- do statements.append(import_table(node, types.get(node.name, {}))) -%}
    {%- endfor -%}
    {%- do run_query('begin; ' ~ statements | join(';\n') ~ '; commit') -%}
{%- endmacro %}
