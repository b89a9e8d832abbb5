{# A table of the intermediate layer that a build finds there, made by the one before. #}
{% macro state_relation(name) -%}
    {{ return(api.Relation.create(
        database=target.get('database'),
        schema=moodle_analytics.generate_schema_name('intermediate', none) | trim,
        identifier=name
    )) }}
{%- endmacro %}
