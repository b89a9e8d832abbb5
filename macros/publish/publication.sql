{#
    SQL that publishes models (`nodes`), or with has_rows false only brings the rights on what is
    published in line with `readers`, the rows of current_readers(). All or nothing, where it is run
    as one transaction; publications wait for each other.
#}
{% macro publication(nodes, readers, has_rows=true) -%}
    {%- set wanted = [] -%}
    {%- for node in nodes -%}
        {%- set place = published_name(node) -%}
        {%- set is_mart = node.fqn[1] == 'marts' -%}
        {%- do wanted.append({
            'place': place,
            'working': adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias),
            'policy': mart_policy(node, place, readers) if is_mart else '',
            'rights': mart_rights(node, place, readers) if is_mart else '',
        }) -%}
    {%- endfor -%}
    {%- set schema = adapter.quote(working_schema()) -%}
    {%- set marts = adapter.quote(published_schema()) -%}
select pg_advisory_xact_lock(hashtextextended('moodle-analytics publication', 0));
do $body$
begin
    if to_regnamespace('{{ schema }}') is null then
        create schema {{ schema }};
    end if;
    if to_regnamespace('{{ marts }}') is null then
        create schema {{ marts }};
    end if;
    if to_regclass('{{ schema }}.publications') is null then
        create table {{ schema }}.publications (
            place text primary key,
            working oid,
            published oid,
            row_count bigint,
            since xid8,
            policy text,
            rights text,
            published_at timestamptz
        );
    end if;
end
$body$;
{{ publication_helpers() }};
{{ publication_of_rows() }};
{{ publication_of_all() }};
{% if readers is not none %}{{ readers_entry() }};{% endif %}
select {{ schema }}.publish('{{ tojson(wanted) | replace("'", "''") }}', {{ has_rows }})
{%- endmacro %}
