{#
    SQL that makes the functions behind the policies. They read what is published alone: a reader's
    open transaction would hold up a build that replaces a table in them. Their bodies are texts, so
    that no replaced table can drop them, and what is not there gives nobody anything. They run with their owner's rights:
    readers may use them within a policy, yet have no way to call them, without a right on the schema.
#}
{% macro access_functions() -%}
    {%- set schema = adapter.quote(access_schema()) -%}
    {%- set entitlements = published_name(graph.nodes['model.moodle_analytics.int_entitlements']) -%}
    {%- set courses = published_name(graph.nodes['model.moodle_analytics.fct_learner_outcomes']) -%}
    {%- set readers = schema ~ '.readers' -%}
    {%- set options -%}
    language plpgsql stable parallel safe security definer
    set search_path = pg_catalog, pg_temp
    {%- endset -%}

create or replace function {{ schema }}.reads_all_courses(reader name) returns boolean
{{ options }} as $body$
begin
    if to_regclass('{{ readers }}') is null then
        return false;
    end if;
    return exists (
        select from {{ readers }} as readers
        where readers.role_name = reader and readers.sees_all
    );
end
$body$;

create or replace function {{ schema }}.entitled_courses(reader name) returns setof bigint
{{ options }} as $body$
begin
    if to_regclass('{{ readers }}') is null
        or to_regclass('{{ entitlements }}') is null then
        return;
    end if;
    return query
        select entitlements.course_id
        from {{ readers }} as readers
        inner join {{ entitlements }} as entitlements
            on entitlements.user_name = lower(trim(case
                when readers.is_shared
                    then current_setting('moodle_analytics.user_name', true)
                else readers.role_name
            end))
        where readers.role_name = reader;
end
$body$;

create or replace function {{ schema }}.entitled_learners(reader name) returns setof bigint
{{ options }} as $body$
begin
    if to_regclass('{{ courses }}') is null then
        return;
    end if;
    return query
        select distinct courses.learner_id
        from {{ courses }} as courses
        where courses.course_id = any (array(
            select {{ schema }}.entitled_courses(reader)
        ));
end
$body$;

create or replace function {{ schema }}.current_readers()
returns table (role_name text, sees_personal boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp as $body$
begin
    if to_regclass('{{ readers }}') is null then
        return;
    end if;
    return query
        select quote_ident(readers.role_name), readers.sees_personal
        from {{ readers }} as readers
        inner join pg_roles on pg_roles.rolname = readers.role_name
        order by readers.role_name;
end
$body$;

revoke all on all functions in schema {{ schema }} from public
{%- endmacro %}
