{#
    Monday is hours 0 to 23, Sunday 144 to 167: the hour of the week of an instant in a zone.
#}
{% macro local_hour_of_week(instant, zone) -%}
    {{ return(adapter.dispatch('local_hour_of_week', 'moodle_analytics')(instant, zone)) }}
{%- endmacro %}


{% macro default__local_hour_of_week(instant, zone) -%}
    cast(
        (date_part('isodow', {{ instant }} at time zone {{ zone }}) - 1) * 24
        + date_part('hour', {{ instant }} at time zone {{ zone }})
        as smallint
    )
{%- endmacro %}


{% macro spark__local_hour_of_week(instant, zone) -%}
    cast(
        weekday(from_utc_timestamp({{ instant }}, {{ zone }})) * 24
        + hour(from_utc_timestamp({{ instant }}, {{ zone }}))
        as smallint
    )
{%- endmacro %}
