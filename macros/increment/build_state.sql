{#
    What the last build that succeeded left behind, for a build that goes on from there: the row of
    completed_build; none where every model is made anew.
#}
{% macro build_state() -%}
    {%- if flags.FULL_REFRESH or var('recompute') -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(moodle_analytics.completed_build()) }}
{%- endmacro %}
