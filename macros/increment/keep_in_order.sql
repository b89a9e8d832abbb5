{#
    SQL that has new rows of this table follow the old ones, which brin indexes live on: rows that fill
    small gaps all over it would make each range of its pages look like it held anything. New ranges
    are indexed at once, not by some later vacuum.
#}
{% macro keep_in_order() -%}
    {{ return(adapter.dispatch('keep_in_order', 'moodle_analytics')()) }}
{%- endmacro %}


{# Pages take part in the search for room only where 2 % of them and the new row are free. #}
{% macro default__keep_in_order() -%}
    {%- if not moodle_analytics.increments() -%}
    alter table {{ this }} set (fillfactor = 98);
    {%- endif %}
    select brin_summarize_new_values(pg_index.indexrelid)
    from pg_catalog.pg_index
    inner join pg_catalog.pg_class
        on pg_index.indexrelid = pg_class.oid
    inner join pg_catalog.pg_am
        on pg_class.relam = pg_am.oid
    where
        pg_index.indrelid = to_regclass('{{ this }}')
        and pg_am.amname = 'brin'
{%- endmacro %}


{% macro spark__keep_in_order() -%}
{%- endmacro %}
