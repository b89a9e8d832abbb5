{# Schema that dbt builds the marts in, closed to readers. #}
{% macro working_schema() -%}
    {{ return(moodle_analytics.generate_schema_name('marts_build', none) | trim) }}
{%- endmacro %}
