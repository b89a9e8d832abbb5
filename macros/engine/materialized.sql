{#
    Word before a CTE on PostgreSQL: that it is to be computed once, whatever the planner expects of it
    (one that is small by its estimate, and large in truth, is put into the inner side of a loop), or
    with is_kept false that it is not to be, however often it is read.
#}
{% macro materialized(is_kept=true) -%}
    {%- if target.type == 'postgres' -%}
    {{ return('materialized' if is_kept else 'not materialized') }}
    {%- endif -%}
{%- endmacro %}
