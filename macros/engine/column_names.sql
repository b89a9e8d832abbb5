{# Names of the columns of a table or view that this user may read; none where it is not there. #}
{% macro column_names(relation) -%}
    {{ return(adapter.dispatch('column_names', 'moodle_analytics')(relation)) }}
{%- endmacro %}


{% macro default__column_names(relation) -%}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
{%- endmacro %}


{# The catalogue itself answers faster than its information schema, dbt's way to ask. #}
{% macro postgres__column_names(relation) -%}
    {%- set found = run_query(
        "select attname from pg_attribute "
        ~ "inner join pg_class on pg_class.oid = attrelid "
        ~ "inner join pg_namespace on pg_namespace.oid = relnamespace "
        ~ "where nspname = " ~ dbt.string_literal(relation.schema)
        ~ " and relname = " ~ dbt.string_literal(relation.identifier)
        ~ " and relkind in ('r', 'v', 'm', 'f', 'p') and attnum > 0 and not attisdropped "
        ~ "and has_column_privilege(attrelid, attnum, 'SELECT') order by attnum"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}


{# Spark is asked whether it is there before it is asked what it holds: it would log an error at length. #}
{% macro spark__column_names(relation) -%}
    {%- if not run_query("show databases like '" ~ relation.schema ~ "'").rows
        or not run_query(
            'show tables in ' ~ relation.schema ~ " like '" ~ relation.identifier ~ "'"
        ).rows -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(moodle_analytics.default__column_names(relation)) }}
{%- endmacro %}
