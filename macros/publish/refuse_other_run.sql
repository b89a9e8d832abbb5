{#
    Hook at the start of a run: an error where another run is at work in the database. A run of
    `moodle-analytics` holds a lock, and shows by a setting that the sessions of dbt are its own; plain
    dbt only looks. Nothing on engines other than PostgreSQL.
#}
{% macro refuse_other_run() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed') -%}
        {{ adapter.dispatch('refuse_other_run', 'moodle_analytics')() }}
    {%- endif -%}
{%- endmacro %}


{% macro default__refuse_other_run() -%}
{%- endmacro %}


{% macro postgres__refuse_other_run() -%}
do $body$
declare
    other text;
begin
    select coalesce(nullif(application_name, ''), 'a session') || ' (session ' || pid || ')'
    into other
    from ({{ run_lock_holder() }}) as holders
    left join pg_stat_activity using (pid)
    where pid::text is distinct from nullif(current_setting('moodle_analytics.run', true), '');
    if found then
        raise exception 'another run is at work in this database: %. Wait until it ends.', other;
    end if;
end
$body$
{%- endmacro %}
