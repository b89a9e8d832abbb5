{# Tells the planner what a table holds, now that it is built; nothing for views. #}
{% macro gather_statistics() -%}
    {{ return(adapter.dispatch('gather_statistics', 'moodle_analytics')()) }}
{%- endmacro %}


{% macro default__gather_statistics() -%}
    {%- if model.config.materialized != 'view' -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}


{% macro spark__gather_statistics() -%}
{%- endmacro %}
