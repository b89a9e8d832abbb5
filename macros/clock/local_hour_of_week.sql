{#
    Monday is hours 0 to 23, Sunday 144 to 167: the hour of the week of an instant in a zone.
#}
{% macro local_hour_of_week(instant, zone) -%}
    {{ return(adapter.dispatch('local_hour_of_week', 'moodle_analytics')(instant, zone)) }}
{%- endmacro %}


{# The hours of the local clock since 1970, which began on a Thursday, 72 hours into its week. #}
{% macro default__local_hour_of_week(instant, zone) -%}
    cast(
        mod(
            72 + cast(
                floor(date_part('epoch', {{ instant }} at time zone {{ zone }}) / 3600) as integer
            ),
            168
        ) as smallint
    )
{%- endmacro %}


{% macro spark__local_hour_of_week(instant, zone) -%}
    cast(
        weekday(from_utc_timestamp({{ instant }}, {{ zone }})) * 24
        + hour(from_utc_timestamp({{ instant }}, {{ zone }}))
        as smallint
    )
{%- endmacro %}
