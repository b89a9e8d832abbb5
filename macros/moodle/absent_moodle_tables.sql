{# Names of the optional tables that this site does not have: those whose description says so. #}
{% macro absent_moodle_tables() -%}
    {%- set absent = [] -%}
    {%- if execute -%}
        {%- for table in graph.sources.values() | sort(attribute='name') -%}
            {%- if table.source_name == 'moodle'
                and table.description.startswith('Optional.')
                and moodle_analytics.has_moodle_table(table.name) | trim == 'false' -%}
                {%- do absent.append(table.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(absent) }}
{%- endmacro %}
