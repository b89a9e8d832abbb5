{# The engine's name of a source column's type: bigint, numeric, text or another of PostgreSQL's. #}
{% macro source_type(type) -%}
    {{ return(moodle_analytics.data_type('numeric(20, 5)' if type == 'numeric' else type)) }}
{%- endmacro %}
