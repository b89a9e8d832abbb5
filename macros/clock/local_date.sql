{# The calendar date of an instant in a zone (SQL expressions); the session's zone has no part in it. #}
{% macro local_date(instant, zone=none) -%}
    {{ return(adapter.dispatch('local_date', 'moodle_analytics')(
        instant, zone or moodle_analytics.program_timezone()
    )) }}
{%- endmacro %}


{% macro default__local_date(instant, zone) -%}
    cast({{ instant }} at time zone {{ zone }} as date)
{%- endmacro %}


{% macro spark__local_date(instant, zone) -%}
    to_date(from_utc_timestamp({{ instant }}, {{ zone }}))
{%- endmacro %}
