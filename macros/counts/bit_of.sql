{# The integer whose bit number `position` (a SQL expression, from 0) is set. #}
{% macro bit_of(position) -%}
    {{ return(adapter.dispatch('bit_of', 'moodle_analytics')(position)) }}
{%- endmacro %}


{% macro default__bit_of(position) -%}
    (1 << cast({{ position }} as integer))
{%- endmacro %}


{% macro spark__bit_of(position) -%}
    shiftleft(1, cast(floor({{ position }}) as integer))
{%- endmacro %}
