{#
    Makes ready, before a run, what the policies of marts need: the functions, and the readers' rights
    on them and on the schema of the marts. Nothing on engines other than PostgreSQL. Where the
    building role may not, it says so in the log, and the marts stay closed to readers.
#}
{% macro prepare_access() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'run-operation', 'retry') -%}
        {{ adapter.dispatch('prepare_access', 'moodle_analytics')() }}
    {%- endif -%}
{%- endmacro %}


{% macro default__prepare_access() -%}
{%- endmacro %}


{% macro postgres__prepare_access() -%}
    {%- set name = access_schema() -%}
    {%- set schema = adapter.quote(name) -%}
    {%- set found = run_query(
        "select coalesce("
        ~ "(select pg_has_role(nspowner, 'USAGE') from pg_namespace where nspname = '" ~ name ~ "'), "
        ~ "false) as is_own, "
        ~ "to_regnamespace('" ~ schema ~ "') is null "
        ~ "and has_database_privilege(current_database(), 'CREATE') as may_create"
    ).rows[0] -%}
    {%- if not (found['is_own'] or found['may_create']) -%}
        {%- do log(
            'WARNING: ' ~ target.user ~ ' may not use the schema ' ~ name
            ~ ': the marts stay closed to readers.', info=true
        ) -%}
    {%- else -%}
    -- Two runs that begin at once must not both make the functions.
    select pg_advisory_xact_lock(hashtextextended('moodle-analytics access', 0));
    {% if found['may_create'] %}create schema {{ schema }};{% endif %}
    {{ access_functions() }};
    {{ readers_entry() }}
    {%- endif -%}
{%- endmacro %}
