{#
    The value below which a share of the rows lie, interpolated. Such a value may lie between two
    decimals: on Spark as on PostgreSQL only the digits that the two have in common are kept of it
    before it is rounded.
#}
{% macro percentile(share, value) -%}
    {{ return(adapter.dispatch('percentile', 'moodle_analytics')(share, value)) }}
{%- endmacro %}


{% macro default__percentile(share, value) -%}
    percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}


{% macro spark__percentile(share, value) -%}
    cast(percentile_cont({{ share }}) within group (order by {{ value }}) as numeric(38, 12))
{%- endmacro %}
