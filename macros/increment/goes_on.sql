{# Whether a run takes what differs into a table that is there, rather than making it anew. #}
{% macro goes_on(relation) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {{ return(
        existing is not none
        and existing.type == 'table'
        and not var('import_schema')
        and moodle_analytics.build_state() is not none
    ) }}
{%- endmacro %}
