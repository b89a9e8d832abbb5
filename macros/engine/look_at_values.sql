{#
    Has PostgreSQL look at the values of a table that was made anew, so that it plans well: at a third
    of the rows that it would look at by itself, whose many sorts cost more than many a model. After the
    table's own transaction: what is counted within it is counted again by autovacuum.
#}
{% macro look_at_values(relation) -%}
    {%- call statement('look_at_values') -%}
        set local default_statistics_target = 30;
        analyze {{ relation }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
{%- endmacro %}
