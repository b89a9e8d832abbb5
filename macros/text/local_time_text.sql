{# An instant as clocks of a zone show it, for people: 2024-05-31 23:59. #}
{% macro local_time_text(instant, zone) -%}
    {{ return(adapter.dispatch('local_time_text', 'moodle_analytics')(instant, zone)) }}
{%- endmacro %}


{% macro default__local_time_text(instant, zone) -%}
    to_char({{ instant }} at time zone {{ zone }}, 'YYYY-MM-DD HH24:MI')
{%- endmacro %}


{% macro spark__local_time_text(instant, zone) -%}
    date_format(from_utc_timestamp({{ instant }}, {{ zone }}), 'yyyy-MM-dd HH:mm')
{%- endmacro %}
