{# An instant some hours later: so much time has passed, whatever the clocks did. #}
{% macro add_hours(instant, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'moodle_analytics')(instant, hours)) }}
{%- endmacro %}


{% macro default__add_hours(instant, hours) -%}
    ({{ instant }} + {{ hours }} * interval '1 hour')
{%- endmacro %}


{% macro spark__add_hours(instant, hours) -%}
    timestampadd(hour, {{ hours }}, {{ instant }})
{%- endmacro %}
