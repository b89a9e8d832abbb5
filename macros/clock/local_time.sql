{# The instant at which clocks of a zone show an hour of a date (SQL expressions). #}
{% macro local_time(date, hour, zone) -%}
    {{ return(adapter.dispatch('local_time', 'moodle_analytics')(date, hour, zone)) }}
{%- endmacro %}


{% macro default__local_time(date, hour, zone) -%}
    (cast({{ date }} as timestamp) + {{ hour }} * interval '1 hour') at time zone {{ zone }}
{%- endmacro %}


{% macro spark__local_time(date, hour, zone) -%}
    to_utc_timestamp(timestampadd(hour, {{ hour }}, cast({{ date }} as timestamp)), {{ zone }})
{%- endmacro %}
