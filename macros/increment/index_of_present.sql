{# SQL for a model's hook: an index of the few rows in which `column` says anything. #}
{% macro index_of_present(column) -%}
    {{ return(adapter.dispatch('index_of_present', 'moodle_analytics')(column)) }}
{%- endmacro %}


{% macro default__index_of_present(column) -%}
    create index if not exists {{ adapter.quote(this.identifier ~ '_' ~ column) }}
    on {{ this }} ({{ column }})
    where {{ column }} is not null
{%- endmacro %}


{% macro spark__index_of_present(column) -%}
{%- endmacro %}
