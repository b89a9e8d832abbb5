{#
    Word before a CTE that PostgreSQL is to compute once, whatever it expects of it: one that is small
    by its estimate, and large in truth, is put into the inner side of a loop.
#}
{% macro materialized() -%}
    {{ return('materialized' if target.type == 'postgres' else '') }}
{%- endmacro %}
