{#
    What the last build that succeeded left behind, for a build that goes on from there: the row of
    completed_build; none where every model is made anew, as after a change of models, seeds or vars,
    of which the var fingerprint tells.
#}
{% macro build_state() -%}
    {%- if flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set state = moodle_analytics.completed_build() -%}
    {{ return(state if state and state['fingerprint'] == var('fingerprint') else none) }}
{%- endmacro %}
