{#
    Refuses, before a run begins, a full refresh that would lose what Moodle's cleanup has deleted from
    the log since it was read, unless the var forget_history says so.
#}
{% macro guard_history() -%}
    {%- if execute and flags.FULL_REFRESH and not var('forget_history')
        and flags.WHICH in ('build', 'run')
        and 'model.moodle_analytics.int_log_rows' in selected_resources -%}
        {%- set state = moodle_analytics.completed_build() -%}
        {%- if state and moodle_analytics.log_bounds(state)['cleaned_until'] > 0 -%}
            {%- do exceptions.raise_compiler_error(
                'A full refresh reads the log alone, which no longer reaches back as far as what was '
                ~ 'built from it: weeks would be lost. Build without --full-refresh, or give '
                ~ '--forget-history with it.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
