{# The engine's name of a type, which is called as PostgreSQL calls it. #}
{% macro data_type(name) -%}
    {{ return(adapter.dispatch('data_type', 'moodle_analytics')(name)) }}
{%- endmacro %}


{% macro default__data_type(name) -%}
    {{ return(name) }}
{%- endmacro %}


{% macro spark__data_type(name) -%}
    {{ return({
        'double precision': 'double',
        'text': 'string',
        'timestamp with time zone': 'timestamp',
    }.get(name, name)) }}
{%- endmacro %}
