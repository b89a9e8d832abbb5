{# Whether rows of the log that were read before are kept; only a full refresh reads all of it again. #}
{% macro keeps_log() -%}
    {{ return(is_incremental() and moodle_analytics.completed_build() is not none) }}
{%- endmacro %}
