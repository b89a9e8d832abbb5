{#
    SQL that lets every reader on record into the schema of the marts and use the functions behind
    the policies. Runs after these are made; who owns the schema may do so, others are told.
#}
{% macro readers_entry() -%}
    {%- set schema = adapter.quote(access_schema()) -%}
    {%- set marts = published_schema() -%}
do $body$
declare
    reader text;
    rights record;
begin
    for reader in select role_name from {{ schema }}.current_readers() loop
        for rights in
            select proname from pg_proc
            where
                pronamespace = '{{ schema }}'::regnamespace
                and proname in ('reads_all_courses', 'entitled_courses', 'entitled_learners')
        loop
            execute format(
                'grant execute on function {{ schema }}.%I(name) to %s', rights.proname, reader
            );
        end loop;
        if to_regnamespace('{{ adapter.quote(marts) }}') is not null then
            execute format('grant usage on schema {{ adapter.quote(marts) }} to %s', reader);
        end if;
    end loop;
exception when insufficient_privilege then
    raise warning 'readers are not let into schema {{ marts }}: %', sqlerrm;
end
$body$
{%- endmacro %}
