{# Schema in which marts of another engine wait until all of them are there. #}
{% macro import_schema() -%}
    {{ return(moodle_analytics.generate_schema_name('marts_import', none) | trim) }}
{%- endmacro %}
