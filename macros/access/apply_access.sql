{#
    Operation that brings the published marts that are there in line with the record of readers, as a
    build would: `dbt run-operation apply_access`. All or nothing.
#}
{% macro apply_access() -%}
    {%- if target.type != 'postgres' -%}
        {%- do exceptions.raise_compiler_error('Readers are granted on PostgreSQL alone.') -%}
    {%- endif -%}
    {%- do run_query('begin; ' ~ prepare_access() ~ '; commit') -%}
    {%- set marts = [] -%}
    {%- for node in graph.nodes.values() | sort(attribute='name') if published_name(node) -%}
        {%- do marts.append(node) -%}
    {%- endfor -%}
    {%- do run_query('begin; ' ~ publication(marts, current_readers(), has_rows=false) ~ '; commit') -%}
{%- endmacro %}
