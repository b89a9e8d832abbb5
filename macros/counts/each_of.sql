{# A column of a select that gives a row for each value of a list; none for an empty list. #}
{% macro each_of(list) -%}
    {{ return(adapter.dispatch('each_of', 'moodle_analytics')(list)) }}
{%- endmacro %}


{% macro default__each_of(list) -%}
    unnest({{ list }})
{%- endmacro %}


{% macro spark__each_of(list) -%}
    explode({{ list }})
{%- endmacro %}
