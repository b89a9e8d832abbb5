{#
    Whether this model takes in what came since the last build that succeeded; else it is made whole.
    Where models, seeds or vars have changed, all are made whole; rows of the log that Moodle's cleanup
    has deleted since are kept all the same.
#}
{% macro increments() -%}
    {%- if not execute or this is none or not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if moodle_analytics.build_state() is not none -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set state = moodle_analytics.completed_build() -%}
    {{ return(
        config.get('incremental_strategy') == 'replace_events'
        and state is not none
        and moodle_analytics.log_bounds(state)['cleaned_until'] > 0
    ) }}
{%- endmacro %}
