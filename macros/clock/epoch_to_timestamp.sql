{# Moodle's seconds since 1970 UTC as timestamptz; 0, "never" and what no calendar holds become NULL. #}
{% macro epoch_to_timestamp(epoch) -%}
    {{ return(adapter.dispatch('epoch_to_timestamp', 'moodle_analytics')(epoch)) }}
{%- endmacro %}


{% macro default__epoch_to_timestamp(epoch) -%}
    to_timestamp(case when {{ epoch }} between 1 and 253402300799 then {{ epoch }} end)
{%- endmacro %}


{% macro spark__epoch_to_timestamp(epoch) -%}
    timestamp_seconds(case when {{ epoch }} between 1 and 253402300799 then {{ epoch }} end)
{%- endmacro %}
