{#
    The local date of an epoch. On PostgreSQL a bucket search over the midnights of `calendar` (a
    relation with calendar_date and starts_epoch), which costs a part of `at time zone` on every row;
    among doubles, which hold every epoch exactly, as it is quick for them alone.
#}
{% macro calendar_date_of_epoch(epoch, calendar) -%}
    {{ return(adapter.dispatch('calendar_date_of_epoch', 'moodle_analytics')(epoch, calendar)) }}
{%- endmacro %}


{% macro default__calendar_date_of_epoch(epoch, calendar) -%}
    (select min(calendar_date) from {{ calendar }}) - 1 + width_bucket(
        cast({{ epoch }} as double precision),
        (
            select array_agg(cast(starts_epoch as double precision) order by calendar_date)
            from {{ calendar }}
        )
    )
{%- endmacro %}


{% macro spark__calendar_date_of_epoch(epoch, calendar) -%}
    to_date(from_utc_timestamp(timestamp_seconds({{ epoch }}), {{ moodle_analytics.program_timezone() }}))
{%- endmacro %}
