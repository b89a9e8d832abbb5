{#
    Hook at the end of a run: puts the marts that it built, all of them in one transaction, into the
    schema that is read. Nothing where a model or a test of the run failed, was skipped or cut short:
    readers keep the marts of the last good run. Nothing on engines other than PostgreSQL.
#}
{% macro publish_marts(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') and not flags.EMPTY -%}
        {%- if is_good_run(results) -%}
        {{ adapter.dispatch('publish_marts', 'moodle_analytics')(results) }}
        {%- else -%}
            {%- do log(
                'Nothing was published, since not all of this run succeeded: the schema '
                ~ published_schema() ~ ' is as it was.', info=true
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro default__publish_marts(results) -%}
{%- endmacro %}


{% macro postgres__publish_marts(results) -%}
    {%- set built = [] -%}
    {%- for result in results -%}
        {%- do built.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set chosen = [] -%}
    {%- for node in graph.nodes.values() | sort(attribute='name') -%}
        {#- A retry runs what had failed: what had been built before it waits to be published, too. -#}
        {%- if published_name(node) and (node.unique_id in built or flags.WHICH == 'retry') -%}
            {%- do chosen.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if chosen -%}
    {{ publication(chosen, current_readers()) }}
    {%- endif -%}
{%- endmacro %}
