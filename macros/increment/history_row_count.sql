{# How many rows int_log_rows keeps from before what the log reaches back to, as a SQL expression. #}
{% macro history_row_count() -%}
    {%- set state = moodle_analytics.completed_build() -%}
    {%- if state is none -%}
    0
    {%- else -%}
    (
        select count(*)
        from {{ moodle_analytics.state_relation('int_log_rows') }}
        where occurred_epoch < {{ moodle_analytics.log_bounds(state)['cleaned_until'] }}
    )
    {%- endif -%}
{%- endmacro %}
