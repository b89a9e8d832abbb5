{# The values of a group that are not NULL, as a list in no certain order: see each_of. #}
{% macro list_of(value) -%}
    {{ return(adapter.dispatch('list_of', 'moodle_analytics')(value)) }}
{%- endmacro %}


{% macro default__list_of(value) -%}
    array_agg({{ value }}) filter (where {{ value }} is not null)
{%- endmacro %}


{% macro spark__list_of(value) -%}
    collect_list({{ value }})
{%- endmacro %}
