{#
    SQL that keeps a view, build_layer, of what seeds and views hang on beside the project itself: which
    of them are there, none made anew since, and the columns of the sources. Where its one value is
    what build_state says, a build that goes on from there may leave seeds and views out.
#}
{% macro layer_digest() -%}
    create or replace view {{ moodle_analytics.state_relation('build_layer') }} as
    select md5(string_agg(part, ' ' order by part)) as layer_digest
    from (
        select format('%s %s', pg_class.oid, pg_class.relkind) as part
        from pg_catalog.pg_class
        inner join pg_catalog.pg_namespace
            on pg_class.relnamespace = pg_namespace.oid
        where
            pg_class.relname <> 'build_layer'
            and (
                pg_class.relkind = 'v'
                and pg_namespace.nspname = '{{ moodle_analytics.state_relation('').schema }}'
                or pg_class.relkind in ('v', 'r')
                and pg_namespace.nspname
                = '{{ moodle_analytics.generate_schema_name('staging', none) | trim }}'
            )
        union all
        select
            pg_class.oid || ' ' || pg_attribute.attnum || ' ' || pg_attribute.attname || ' '
            || pg_attribute.atttypid
        from pg_catalog.pg_attribute
        inner join pg_catalog.pg_class
            on pg_attribute.attrelid = pg_class.oid
        inner join pg_catalog.pg_namespace
            on pg_class.relnamespace = pg_namespace.oid
        where
            pg_attribute.attnum > 0
            and not pg_attribute.attisdropped
            and (pg_namespace.nspname, pg_class.relname) in (
                {%- for source in graph.sources.values() %}
                (
                    {{- dbt.string_literal(source.schema) }},
                    {{ dbt.string_literal(source.identifier) -}}
                ){{ ',' if not loop.last }}
                {%- endfor %}
            )
    ) as parts
{%- endmacro %}
