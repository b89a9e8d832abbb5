{#
    From which id on the log is read again (first_event_id), and before which epoch rows that it no
    longer holds are history that Moodle's cleanup took rather than deletions (cleaned_until), given
    the row of build_state. A late row that came after a cleanup does not make it undone.
#}
{% macro log_bounds(state) -%}
    {%- set node = graph.nodes['model.moodle_analytics.stg_moodle__logstore_standard_log'] -%}
    {%- set log_rows = api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias
    ) -%}
    {%- set known_first -%}
    select occurred_epoch from {{ log_rows }}
    where event_id <= {{ state['last_event_id'] }} and occurred_epoch > 0
    order by occurred_epoch
    limit 1
    {%- endset -%}
    {%- set since -%}
    {%- if var('since') -%}
    select min(event_id) from (
        select event_id from {{ log_rows }}
        where occurred_epoch >= {{ moodle_analytics.local_midnight_epoch(
            "cast('" ~ var('since') ~ "' as date)"
        ) }}
        offset 0
    ) as later
    {%- else -%}
    null
    {%- endif -%}
    {%- endset -%}
    {{ return(run_query(
        'select least(' ~ (state['last_event_id'] + 1 - var('log_lookback_rows')) ~ ', ('
        ~ since ~ ')) as first_event_id, case when coalesce((' ~ known_first ~ '), '
        ~ (state['last_epoch'] + 1) ~ ') > ' ~ state['first_epoch']
        ~ ' then greatest(' ~ state['cleaned_until'] ~ ', coalesce((' ~ known_first ~ '), '
        ~ (state['last_epoch'] + 1) ~ ')) else ' ~ state['cleaned_until'] ~ ' end as cleaned_until'
    ).rows[0]) }}
{%- endmacro %}
