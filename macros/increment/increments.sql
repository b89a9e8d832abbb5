{#
    Whether this model takes in what came since the last build that succeeded; else it is made whole.
    Rows of the log that were read before are kept where everything else is made anew from them.
#}
{% macro increments() -%}
    {%- if not execute or this is none or not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if config.get('incremental_strategy') == 'replace_events' -%}
        {{ return(moodle_analytics.completed_build() is not none) }}
    {%- endif -%}
    {{ return(moodle_analytics.build_state() is not none) }}
{%- endmacro %}
