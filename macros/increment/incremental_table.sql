{#
    Materialization of models that keep what they hold and take in what came: incremental on
    PostgreSQL, a table made whole on other engines.
#}
{% macro incremental_table() -%}
    {{ return('incremental' if target.type == 'postgres' else 'table') }}
{%- endmacro %}
