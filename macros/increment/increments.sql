{# Whether this model takes in what came since the last build that succeeded; else it is made whole. #}
{% macro increments() -%}
    {{ return(is_incremental() and moodle_analytics.build_state() is not none) }}
{%- endmacro %}
