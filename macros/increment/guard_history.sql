{#
    Looks, before a run begins, after what Moodle's cleanup has deleted from the log since it was read.
    Refuses a full refresh that would lose it, unless the var forget_history says so, and another zone
    of the program, by whose days it was counted. A run of empty models leaves nothing to go on from.
#}
{% macro guard_history() -%}
    {%- if execute and flags.WHICH in ('build', 'run')
        and 'model.moodle_analytics.int_log_rows' in selected_resources -%}
        {%- set state = moodle_analytics.completed_build() -%}
        {%- if state and flags.EMPTY -%}
            drop table {{ moodle_analytics.state_relation('build_state') }}
        {%- elif state and not var('forget_history')
            and (flags.FULL_REFRESH or state['timezone'] != var('program_timezone'))
            and moodle_analytics.log_bounds(state)['cleaned_until'] > 0 -%}
            {%- do exceptions.raise_compiler_error(
                (
                    'A full refresh reads the log alone, which'
                    if flags.FULL_REFRESH else
                    'Days and weeks were those of ' ~ state['timezone'] ~ '; to count them in '
                    ~ var('program_timezone') ~ ' takes the log, which'
                ) ~ ' no longer reaches back as far as what was built from it: weeks would be lost. '
                ~ 'Build as before, or give --forget-history with --full-refresh.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
