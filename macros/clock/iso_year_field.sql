{% macro iso_year_field() -%}
    {{ return(adapter.dispatch('iso_year_field', 'moodle_analytics')()) }}
{%- endmacro %}


{% macro default__iso_year_field() -%}
    isoyear
{%- endmacro %}


{% macro spark__iso_year_field() -%}
    yearofweek
{%- endmacro %}
