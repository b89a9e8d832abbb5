{#
    Post-hook of every mart, within the transaction that builds it, so that there is no moment
    without: row security, its one policy, and the readers' rights. Nothing on other engines.
#}
{% macro secure_mart() -%}
    {{ return(adapter.dispatch('secure_mart', 'moodle_analytics')()) }}
{%- endmacro %}


{% macro default__secure_mart() -%}
{%- endmacro %}


{% macro postgres__secure_mart() -%}
    {%- if execute -%}
    {{ return(secure_relation(model, this, current_readers())) }}
    {%- endif -%}
{%- endmacro %}
