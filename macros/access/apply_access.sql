{#
    Operation that brings the marts that are there in line with the record of readers, as a build
    would: `dbt run-operation apply_access`. All or nothing.
#}
{% macro apply_access() -%}
    {%- if target.type != 'postgres' -%}
        {%- do exceptions.raise_compiler_error('Readers are granted on PostgreSQL alone.') -%}
    {%- endif -%}
    {%- do run_query('begin; ' ~ prepare_access() ~ '; commit') -%}
    {%- set readers = current_readers() -%}
    {%- set secured = [] -%}
    {%- for node in graph.nodes.values() | sort(attribute='name')
        if node.resource_type == 'model' and node.fqn[1] == 'marts' -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- if relation -%}
            {%- do secured.append(secure_relation(node, relation, readers)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do run_query('begin; ' ~ secured | join('; ') ~ '; commit') -%}
{%- endmacro %}
