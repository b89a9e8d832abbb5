{# The zone names that the engine knows: a query with the column timezone. #}
{% macro known_timezones() -%}
    {{ return(adapter.dispatch('known_timezones', 'moodle_analytics')()) }}
{%- endmacro %}


{% macro default__known_timezones() -%}
    select name as timezone from pg_catalog.pg_timezone_names
{%- endmacro %}


{# Spark has no such list: the names of the IANA database, which it knows all. #}
{% macro spark__known_timezones() -%}
    select explode(array('{{ modules.pytz.all_timezones | join("', '") }}')) as timezone
{%- endmacro %}
