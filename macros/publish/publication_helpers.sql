{# SQL of functions that tell what a table is: its shape, its key, its policies and rights. #}
{% macro publication_helpers() -%}
    {%- set schema = adapter.quote(working_schema()) -%}
    {%- set options = 'language sql stable set search_path = pg_catalog, pg_temp' -%}
-- Columns and indexes, without the names of these.
create or replace function {{ schema }}.shape_of(relation regclass) returns text
{{ options }} as $body$
    select concat_ws(
        '; ',
        (
            select string_agg(
                concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull),
                ', ' order by attnum
            )
            from pg_attribute
            where attrelid = relation and attnum > 0 and not attisdropped
        ),
        (
            select string_agg(definition, ', ' order by definition)
            from (
                select concat_ws(
                    ' ', indisprimary, indisunique,
                    substring(pg_get_indexdef(indexrelid) from ' USING (.*)')
                ) as definition
                from pg_index
                where indrelid = relation
            ) as indexes
        )
    )
$body$;

-- Quoted columns of the primary key; NULL where there is none.
create or replace function {{ schema }}.key_of(relation regclass) returns text[]
{{ options }} as $body$
    select array_agg(quote_ident(attname) order by place)
    from pg_index
    cross join lateral unnest(indkey) with ordinality as keys (number, place)
    inner join pg_attribute on attrelid = indrelid and attnum = number
    where indrelid = relation and indisprimary
$body$;

create or replace function {{ schema }}.policies_of(relation regclass) returns text
{{ options }} as $body$
    select md5(concat_ws(
        ' ', relrowsecurity, relforcerowsecurity,
        (
            select string_agg(
                concat_ws(
                    ' ', polname, polcmd, polpermissive, polroles,
                    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
                ),
                ', ' order by polname
            )
            from pg_policy
            where polrelid = relation
        )
    ))
    from pg_class
    where oid = relation
$body$;

create or replace function {{ schema }}.rights_on(relation regclass) returns text
{{ options }} as $body$
    select md5(concat_ws(
        ' ', relowner, relacl,
        (
            select string_agg(concat_ws(' ', attname, attacl), ', ' order by attname)
            from pg_attribute
            where attrelid = relation and attacl is not null
        )
    ))
    from pg_class
    where oid = relation
$body$
{%- endmacro %}
