{#
    What the last build that succeeded left behind, as one row: build_number, last_event_id,
    first_epoch, last_epoch, cleaned_until, timezone, fingerprint and layer_digest; none where there was
    none, and on engines without increments. A build that was cut short changes nothing of it, so that
    the next does its work again. The database is asked once in a run, whose models share the graph.
#}
{% macro completed_build() -%}
    {%- if not execute or target.type != 'postgres' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if 'completed_build' not in graph -%}
        {%- set state = moodle_analytics.state_relation('build_state') -%}
        {%- set is_there = run_query("select to_regclass('" ~ state ~ "') is not null").rows[0][0] -%}
        {%- set found = run_query('select * from ' ~ state).rows if is_there and not flags.EMPTY else [] -%}
        {%- do graph.update({'completed_build': found[0] if found else none}) -%}
    {%- endif -%}
    {{ return(graph['completed_build']) }}
{%- endmacro %}
