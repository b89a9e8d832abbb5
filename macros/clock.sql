{# The program's zone as a SQL string. #}
{% macro program_timezone() -%}
    '{{ var("program_timezone") | replace("'", "''") }}'
{%- endmacro %}


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


{# The Monday of a date's ISO week. #}
{% macro week_start(date) -%}
    {{ return(adapter.dispatch('week_start', 'moodle_analytics')(date)) }}
{%- endmacro %}

{% macro default__week_start(date) -%}
    ({{ date }} - cast(extract(isodow from {{ date }}) as integer) + 1)
{%- endmacro %}

{% macro spark__week_start(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}

{# A date some days later; `days` is a SQL expression. #}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days', 'moodle_analytics')(date, days)) }}
{%- endmacro %}

{% macro default__add_days(date, days) -%}
    ({{ date }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days(date, days) -%}
    date_add({{ date }}, cast({{ days }} as integer))
{%- endmacro %}


{# Whole days from one date to another. #}
{% macro days_between(from_date, to_date) -%}
    {{ return(adapter.dispatch('days_between', 'moodle_analytics')(from_date, to_date)) }}
{%- endmacro %}

{% macro default__days_between(from_date, to_date) -%}
    ({{ to_date }} - {{ from_date }})
{%- endmacro %}

{% macro spark__days_between(from_date, to_date) -%}
    datediff({{ to_date }}, {{ from_date }})
{%- endmacro %}


{# Whole weeks from one Monday to another. #}
{% macro weeks_between(from_monday, to_monday) -%}
    cast({{ moodle_analytics.days_between(from_monday, to_monday) }} / 7 as integer)
{%- endmacro %}


{#
    Every date of a range: a query with the column calendar_date. `relation` has one row with the
    columns first_date and last_date; NULL dates give no row.
#}
{% macro date_range(relation) -%}
    {{ return(adapter.dispatch('date_range', 'moodle_analytics')(relation)) }}
{%- endmacro %}

{% macro default__date_range(relation) -%}
    select {{ relation }}.first_date + steps.step as calendar_date
    from {{ relation }}
    cross join
        lateral generate_series(
            0, {{ relation }}.last_date - {{ relation }}.first_date
        ) as steps (step)
{%- endmacro %}

{% macro spark__date_range(relation) -%}
    select explode(sequence({{ relation }}.first_date, {{ relation }}.last_date)) as calendar_date
    from {{ relation }}
    where {{ relation }}.first_date is not null
{%- endmacro %}


{#
    The first instant of a local date, in epoch seconds. Where clocks go back over midnight the date
    has two midnights, of which the first counts; where they go forward over it, it begins later.
#}
{% macro local_midnight_epoch(date) -%}
    {{ return(adapter.dispatch('local_midnight_epoch', 'moodle_analytics')(date)) }}
{%- endmacro %}

{% macro default__local_midnight_epoch(date) -%}
    {%- set zone = moodle_analytics.program_timezone() -%}
    {%- set midnight = 'cast(' ~ date ~ ' as timestamp) at time zone ' ~ zone -%}
    cast(extract(epoch from case
        {%- for back in ["interval '1 hour'", "interval '30 minutes'"] %}
        when cast((({{ midnight }}) - {{ back }}) at time zone {{ zone }} as date) = {{ date }}
            then ({{ midnight }}) - {{ back }}
        {%- endfor %}
        else {{ midnight }}
    end) as bigint)
{%- endmacro %}

{% macro spark__local_midnight_epoch(date) -%}
    unix_timestamp(to_utc_timestamp(cast({{ date }} as timestamp), {{ moodle_analytics.program_timezone() }}))
{%- endmacro %}


{#
    The local date of an epoch. On PostgreSQL a bucket search over the midnights of `calendar` (a
    relation with calendar_date and starts_epoch), which costs half of `at time zone` on every row.
#}
{% macro calendar_date_of_epoch(epoch, calendar) -%}
    {{ return(adapter.dispatch('calendar_date_of_epoch', 'moodle_analytics')(epoch, calendar)) }}
{%- endmacro %}

{% macro default__calendar_date_of_epoch(epoch, calendar) -%}
    (select min(calendar_date) from {{ calendar }}) - 1 + width_bucket(
        {{ epoch }},
        (select array_agg(starts_epoch order by calendar_date) from {{ calendar }})
    )
{%- endmacro %}

{% macro spark__calendar_date_of_epoch(epoch, calendar) -%}
    to_date(from_utc_timestamp(timestamp_seconds({{ epoch }}), {{ moodle_analytics.program_timezone() }}))
{%- endmacro %}


{# The zone names that the engine knows: a query with the column timezone. #}
{% macro known_timezones() -%}
    {{ return(adapter.dispatch('known_timezones', 'moodle_analytics')()) }}
{%- endmacro %}

{% macro default__known_timezones() -%}
    select name as timezone from pg_catalog.pg_timezone_names
{%- endmacro %}

{% macro spark__known_timezones() -%}
    select timezone from {{ ref('country_timezones') }}
{%- endmacro %}


{# The ISO year, the ISO week, and both as 2024-W05, of a date. #}
{% macro iso_year(date) -%}
    extract({{ moodle_analytics.iso_year_field() }} from {{ date }})
{%- endmacro %}

{% macro iso_week(date) -%}
    extract(week from {{ date }})
{%- endmacro %}

{% macro iso_week_label(date) -%}
    cast({{ moodle_analytics.iso_year(date) }} as {{ dbt.type_string() }}) || '-W'
    || lpad(cast({{ moodle_analytics.iso_week(date) }} as {{ dbt.type_string() }}), 2, '0')
{%- endmacro %}

{% macro iso_year_field() -%}
    {{ return(adapter.dispatch('iso_year_field', 'moodle_analytics')()) }}
{%- endmacro %}

{% macro default__iso_year_field() -%}
    isoyear
{%- endmacro %}

{% macro spark__iso_year_field() -%}
    yearofweek
{%- endmacro %}
