{# Schema of the marts that are read; dbt builds them in another one beside it. #}
{% macro published_schema() -%}
    {{ return(moodle_analytics.generate_schema_name('marts', none) | trim) }}
{%- endmacro %}
