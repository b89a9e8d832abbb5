{#
    Where a model is published, as SQL: a mart under its own name among the published marts, another
    model that readers' policies need, by its config.meta.published_as, beside the working marts,
    where no reader looks. None for what is not published.
#}
{% macro published_name(node) -%}
    {%- if node.resource_type == 'model' and node.package_name == 'moodle_analytics' -%}
        {%- if node.fqn[1] == 'marts' -%}
            {{ return(adapter.quote(published_schema()) ~ '.' ~ adapter.quote(node.alias)) }}
        {%- elif node.config.meta.get('published_as') -%}
            {{ return(
                adapter.quote(working_schema()) ~ '.' ~ adapter.quote(node.config.meta['published_as'])
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
