{# The engine's name of the type of numbers with a binary fraction of 64 bits. #}
{% macro double() -%}
    {{ return(moodle_analytics.data_type('double precision')) }}
{%- endmacro %}
