{# 64 bits that stand for an event's name; the same name always has the same ones. #}
{% macro event_type_key(event_name) -%}
    {{ return(adapter.dispatch('event_type_key', 'moodle_analytics')(event_name)) }}
{%- endmacro %}


{% macro default__event_type_key(event_name) -%}
    hashtextextended({{ event_name }}, 0)
{%- endmacro %}


{% macro spark__event_type_key(event_name) -%}
    xxhash64({{ event_name }})
{%- endmacro %}
