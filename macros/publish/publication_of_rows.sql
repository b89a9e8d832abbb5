{#
    SQL of the functions that make the rows of a published table those of the working one: by deleting
    and inserting what differs, so that readers and they never wait for each other. Where there is no
    such table, or one of another shape, a fresh one is filled, whose name is given.

    Rows that were in the working table at the last publication and have not been touched since are
    known by their xmin: where few are younger, only these are compared. That is right after a build
    that was killed or failed, too, since what it wrote is younger than the last publication. Rows are
    compared by their images: NULL is like NULL, and 1.0 is not 1.00.
#}
{% macro publication_of_rows() -%}
    {%- set schema = adapter.quote(working_schema()) -%}
    {#- The little that is needed until autovacuum comes by: all of it would cost more than the rows. -#}
    {%- set options -%}
    language plpgsql set search_path = pg_catalog, pg_temp set default_statistics_target = 10
    {%- endset -%}
create or replace function {{ schema }}.publish_fresh(
    working regclass, place text, out fresh text, out row_count bigint
)
{{ options }} as $body$
declare
    made text;
begin
    fresh := case
        when to_regclass(place) is null then place else regexp_replace(place, '"$', '__fresh"')
    end;
    execute format('create table %s (like %s including all excluding indexes)', fresh, working);
    execute format('insert into %s table %s', fresh, working);
    get diagnostics row_count = row_count;
    for made in
        select case
            when indisprimary then format(
                'alter table %s add primary key (%s)',
                fresh, array_to_string({{ schema }}.key_of(working), ', ')
            )
            else format(
                'create %s index on %s using %s', case when indisunique then 'unique' end, fresh,
                substring(pg_get_indexdef(indexrelid) from ' USING (.*)')
            )
        end
        from pg_index
        where indrelid = working
    loop
        execute made;
    end loop;
    execute format('analyze %s', fresh);
end
$body$;

-- Without a key, which no large table lacks.
create or replace function {{ schema }}.publish_whole(working regclass, published regclass)
returns void
{{ options }} as $body$
declare
    differs boolean;
begin
    execute format(
        'select exists (table %1$s except all table %2$s)'
        ' or exists (table %2$s except all table %1$s)', working, published
    ) into differs;
    if differs then
        execute format('delete from %s', published);
        execute format('insert into %s table %s', published, working);
    end if;
end
$body$;

-- Of all rows, or of those with the ctids `young`.
create or replace function {{ schema }}.publish_differing(
    working regclass, published regclass, young tid[],
    out deleted bigint, out inserted bigint
)
{{ options }} as $body$
declare
    old tid[];
    new tid[];
begin
    execute format(
        'select array_agg(published.ctid) filter (where published.ctid is not null), '
        'array_agg(working.ctid) filter (where working.ctid is not null) '
        'from %s as working %s join %s as published on %s where %s '
        '(working.ctid is null or published.ctid is null or working *<> published)',
        working, case when young is null then 'full' else 'left' end, published,
        (
            select string_agg(format('working.%1$s = published.%1$s', name), ' and ')
            from unnest({{ schema }}.key_of(working)) as name
        ),
        case when young is not null then 'working.ctid = any ($1) and' end
    ) into old, new using young;
    deleted := coalesce(cardinality(old), 0);
    inserted := coalesce(cardinality(new), 0);
    if deleted > 0 then
        execute format('delete from %s where ctid = any ($1)', published) using old;
    end if;
    if inserted > 0 then
        execute format('insert into %s select * from %s where ctid = any ($1)', published, working)
        using new;
    end if;
end
$body$;

create or replace function {{ schema }}.publish_rows(
    working regclass, place text, started xid8, out fresh text, out row_count bigint
)
{{ options }} as $body$
declare
    published constant regclass := to_regclass(place);
    last {{ schema }}.publications;
    young tid[];
    done record;
    changed bigint := 0;
begin
    if published is null or {{ schema }}.shape_of(working) <> {{ schema }}.shape_of(published) then
        select * from {{ schema }}.publish_fresh(working, place) into fresh, row_count;
        return;
    end if;
    if {{ schema }}.key_of(working) is null then
        perform {{ schema }}.publish_whole(working, published);
        return;
    end if;
    -- Waits for who still writes, so that all that comes later has a later transaction.
    execute format('lock table %s in share mode', working);
    select * from {{ schema }}.publications where publications.place = publish_rows.place into last;
    if last.working = working and last.published = published and last.since <= started then
        execute format(
            'select count(*), coalesce(array_agg(ctid) filter (where age(xmin) <= $1), ''{}'') from %s',
            working
        ) into row_count, young using age(last.since::xid);
        if cardinality(young) <= row_count / 4 then
            select * from {{ schema }}.publish_differing(working, published, young) into done;
            changed := done.deleted + done.inserted;
            if row_count <> last.row_count + done.inserted - done.deleted then
                young := null;
            end if;
        else
            young := null;
        end if;
    end if;
    -- Rows that are gone are younger than nothing: a wrong count tells of them.
    if young is null then
        select * from {{ schema }}.publish_differing(working, published, null) into done;
        changed := changed + done.deleted + done.inserted;
        execute format('select count(*) from %s', working) into row_count;
    end if;
    if changed > row_count / 10 then
        execute format('analyze %s', published);
    end if;
end
$body$
{%- endmacro %}
