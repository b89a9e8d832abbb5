{#
    Makes the table in which a run that goes on from another tells what it changes; and looks, before
    it begins, after what Moodle's cleanup has deleted from the log since it was read.
    Refuses a full refresh that would lose it, unless the var forget_history says so, and another zone
    of the program, by whose days it was counted. A run of empty models leaves nothing to go on from.
#}
{% macro guard_history() -%}
    {%- set is_run = flags.WHICH in ('build', 'run', 'retry') -%}
    {%- set has_log = 'model.moodle_analytics.int_log_rows' in selected_resources -%}
    {%- set state = moodle_analytics.completed_build() if is_run else none -%}
    {%- if is_run and has_log and flags.EMPTY and target.type == 'postgres' -%}
    drop table if exists {{ moodle_analytics.state_relation('build_state') }}
    {%- elif state -%}
        {%- if has_log and not var('forget_history')
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
        {%- endif %}
    create table if not exists {{ moodle_analytics.changes_relation() }} (
        changed_model text not null,
        changed_course_id bigint,
        changed_from date not null
    );
    create index if not exists build_changes_course
        on {{ moodle_analytics.changes_relation() }} (changed_course_id)
    {%- endif -%}
{%- endmacro %}
