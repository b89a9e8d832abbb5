{#
    What the last build that succeeded left behind, as one row: build_number, last_event_id,
    first_epoch, last_epoch, cleaned_until, timezone and fingerprint; none where there was none, and on engines without
    increments. A build that was cut short changes nothing of it, so that the next does its work again.
#}
{% macro completed_build() -%}
    {%- if not execute or target.type != 'postgres' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set state = moodle_analytics.state_relation('build_state') -%}
    {%- if not run_query("select to_regclass('" ~ state ~ "') is not null").rows[0][0] -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set found = run_query('select * from ' ~ state).rows -%}
    {{ return(found[0] if found else none) }}
{%- endmacro %}
