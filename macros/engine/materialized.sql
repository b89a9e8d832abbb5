{#
    Word before a CTE that is to be computed once, whatever the planner expects of it: PostgreSQL takes
    one that is small by its estimate, and large in truth, into the inner side of a loop.
#}
{% macro materialized() -%}
    {{ return('materialized' if target.type == 'postgres' else '') }}
{%- endmacro %}
