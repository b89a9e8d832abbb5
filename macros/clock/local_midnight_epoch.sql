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
