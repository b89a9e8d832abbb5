{#
    SQL of the function that publishes what its list says, and of what it needs. Rows come first: what
    only an exclusive lock allows (another shape, another policy) comes last and waits in short tries,
    so that a reader who keeps a transaction open is neither held up nor waited for without end.
#}
{% macro publication_of_all() -%}
    {%- set schema = adapter.quote(working_schema()) -%}
    {%- set options = 'language plpgsql set search_path = pg_catalog, pg_temp' -%}
create or replace function {{ schema }}.close_to_others(relation regclass) returns void
{{ options }} as $body$
declare
    other oid;
begin
    for other in
        select distinct rights.grantee
        from (
            select relacl as list, relowner as owner from pg_class where oid = relation
            union all
            select attacl, relowner
            from pg_attribute
            inner join pg_class on pg_class.oid = attrelid
            where attrelid = relation and attacl is not null
        ) as lists
        cross join lateral aclexplode(lists.list) as rights
        where rights.grantee <> lists.owner
    loop
        execute format(
            'revoke all on %s from %s', relation,
            case when other = 0 then 'public' else quote_ident(pg_get_userbyid(other)) end
        );
    end loop;
end
$body$;

-- Descriptions, which change without a change of shape.
create or replace function {{ schema }}.describe_as(working regclass, published regclass)
returns void
{{ options }} as $body$
declare
    name text;
    wanted text;
begin
    for name, wanted in
        select
            attributes.attname, said.description
        from pg_description as said
        left join pg_attribute as attributes
            on attributes.attrelid = published and attributes.attname = (
                select attname from pg_attribute where attrelid = working and attnum = said.objsubid
            ) and said.objsubid > 0
        where said.objoid = working and said.classoid = 'pg_class'::regclass
            and said.description is distinct from (
                select description from pg_description
                where objoid = published and classoid = 'pg_class'::regclass
                    and objsubid = coalesce(attributes.attnum, 0)
            )
    loop
        if name is null then
            execute format('comment on table %s is %L', published, wanted);
        else
            execute format('comment on column %s.%I is %L', published, name, wanted);
        end if;
    end loop;
end
$body$;

create or replace function {{ schema }}.lock_alone(relations regclass[]) returns void
{{ options }} as $body$
declare
    wanted regclass;
    deadline constant timestamptz := clock_timestamp() + coalesce(
        nullif(current_setting('lock_timeout'), '0')::interval, interval '60 seconds'
    );
begin
    loop
        begin
            -- Shorter than the time after which a reader who waits too would be told of a deadlock.
            perform set_config('lock_timeout', '500ms', true);
            foreach wanted in array relations loop
                execute format('lock table %s in access exclusive mode', wanted);
            end loop;
            return;
        exception when lock_not_available or deadlock_detected then
            if clock_timestamp() > deadline then
                raise exception using errcode = 'lock_not_available', message = format(
                    '%s cannot be replaced while other sessions keep it open (%s)',
                    wanted, (
                        select string_agg(format(
                            'process %s of %s%s, since %s UTC', pid, usename,
                            coalesce(' in ' || nullif(application_name, ''), ''),
                            to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
                        ), '; ')
                        from pg_stat_activity
                        where pid <> pg_backend_pid() and pid in (
                            select pid from pg_locks where relation = wanted
                        )
                    )
                );
            end if;
            perform pg_sleep(0.5);
        end;
    end loop;
end
$body$;

create or replace function {{ schema }}.publish(wanted jsonb, has_rows boolean) returns void
{{ options }} as $body$
declare
    started constant xid8 := pg_current_xact_id();
    mart record;
    made jsonb := '{}';
    alone regclass[] := '{}';
    fresh text;
    published regclass;
    known {{ schema }}.publications;
begin
    if current_setting('moodle_analytics.run', true) <> '' and not exists (
        select from ({{ run_lock_holder() }}) as holders
        where pid::text = current_setting('moodle_analytics.run', true)
    ) then
        raise exception 'the run has lost its lock, and another one may be at work';
    end if;
    for mart in
        select marts.*, to_regclass(marts.place) as published, publications.policy as known_policy
        from jsonb_to_recordset(wanted) as marts (place text, working text, policy text, rights text)
        left join {{ schema }}.publications on publications.place = marts.place
    loop
        if has_rows then
            made := made || (
                select jsonb_build_object(mart.place, to_jsonb(rows))
                from {{ schema }}.publish_rows(mart.working::regclass, mart.place, started) as rows
            );
        end if;
        if mart.published is not null and (
            made -> mart.place ->> 'fresh' is not null
            or mart.policy <> '' and mart.known_policy
                is distinct from md5(mart.policy || {{ schema }}.policies_of(mart.published))
        ) then
            alone := alone || mart.published;
        end if;
    end loop;

    perform {{ schema }}.lock_alone(alone);

    for mart in
        select * from jsonb_to_recordset(wanted)
        as marts (place text, working text, policy text, rights text)
    loop
        fresh := made -> mart.place ->> 'fresh';
        if fresh <> mart.place then
            execute format('drop table %s cascade', mart.place);
            execute format(
                'alter table %s rename to %s', fresh,
                substring(mart.place from '[.]("([^"]|"")+")$')
            );
        end if;
        published := to_regclass(mart.place);
        continue when published is null;
        select * from {{ schema }}.publications where place = mart.place into known;
        if mart.policy <> '' and known.policy
            is distinct from md5(mart.policy || {{ schema }}.policies_of(published)) then
            execute mart.policy;
        end if;
        if known.rights is distinct from md5(mart.rights || {{ schema }}.rights_on(published)) then
            perform {{ schema }}.close_to_others(published);
            if mart.rights <> '' then
                execute mart.rights;
            end if;
        end if;
        known.place := mart.place;
        known.policy := md5(mart.policy || {{ schema }}.policies_of(published));
        known.rights := md5(mart.rights || {{ schema }}.rights_on(published));
        if has_rows then
            perform {{ schema }}.describe_as(mart.working::regclass, published);
            known.working := mart.working::regclass;
            known.published := published;
            known.row_count := made -> mart.place ->> 'row_count';
            known.since := started;
            known.published_at := now();
        end if;
        delete from {{ schema }}.publications where place = mart.place;
        insert into {{ schema }}.publications select known.*;
    end loop;
end
$body$
{%- endmacro %}
