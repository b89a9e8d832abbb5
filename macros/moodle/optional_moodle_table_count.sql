{# The number of Moodle's tables that a site may lack. #}
{% macro optional_moodle_table_count() -%}
    {%- set optional = [] -%}
    {%- if execute -%}
        {%- for table in graph.sources.values() -%}
            {%- if table.source_name == 'moodle' and table.description.startswith('Optional.') -%}
                {%- do optional.append(table.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(optional | length) }}
{%- endmacro %}
