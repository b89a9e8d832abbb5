{#
    SQL that records, at the end of a run in which every model that holds rows succeeded, what the
    next one goes on from; nothing else after any other run.
#}
{% macro remember_build(results) -%}
    {%- if not execute or target.type != 'postgres' or flags.EMPTY
        or flags.WHICH not in ('build', 'run') -%}
        {{ return('') }}
    {%- endif -%}
    {%- if not moodle_analytics.is_good_run(results) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set done = results | map(attribute='node.unique_id') | list -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model'
        and node.config.materialized in ('table', 'incremental')
        and node.unique_id not in done -%}
        {{ return('') }}
    {%- endfor -%}
    {%- set schema = adapter.quote(moodle_analytics.generate_schema_name('intermediate', none) | trim) -%}
    {%- set kept = none if flags.FULL_REFRESH else moodle_analytics.completed_build() -%}
    {%- set number = moodle_analytics.build_number() -%}
    {{ moodle_analytics.layer_digest() }};
    drop table if exists {{ schema }}.build_state;
    create table {{ schema }}.build_state (
        build_number integer not null,
        last_event_id bigint not null,
        first_epoch bigint not null,
        last_epoch bigint not null,
        cleaned_until bigint not null,
        timezone text not null,
        fingerprint text not null,
        layer_digest text not null,
        completed_at timestamp with time zone not null
    );
    insert into {{ schema }}.build_state
    select
        {{ number }},
        greatest(
            {{ kept['last_event_id'] if kept else 0 }},
            coalesce((
                select max(event_id) from {{ schema }}.int_log_rows
                where build_number = {{ number }}
            ), 0)
        ),
        coalesce((
            select min(occurred_epoch) from {{ schema }}.int_log_rows
            where
                occurred_on = (select min(occurred_on) from {{ schema }}.int_event_days)
                and not is_removed
        ), 0),
        coalesce((
            select max(occurred_epoch) from {{ schema }}.int_log_rows
            where
                occurred_on = (select max(occurred_on) from {{ schema }}.int_event_days)
                and not is_removed
        ), 0),
        {{ moodle_analytics.log_bounds(kept)['cleaned_until'] if kept else 0 }},
        '{{ var('program_timezone') }}',
        '{{ var('fingerprint') }}',
        (select layer_digest from {{ schema }}.build_layer),
        now();
    drop table if exists {{ schema }}.build_users;
    create table {{ schema }}.build_users as
    select
        user_id,
        timezone,
        is_guest,
        is_deleted
    from {{ schema }}.int_users_classified;
    drop table if exists {{ moodle_analytics.changes_relation() }}
{%- endmacro %}
