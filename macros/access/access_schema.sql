{# Schema of the record of readers and of the functions that decide about rows. #}
{% macro access_schema() -%}
    {{ return(moodle_analytics.generate_schema_name('access', none) | trim) }}
{%- endmacro %}
