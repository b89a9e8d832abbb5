{# The number of rows for which a condition holds. #}
{% macro count_if(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro %}


{# The integer whose bit number `position` (a SQL expression, from 0) is set. #}
{% macro bit_of(position) -%}
    {{ return(adapter.dispatch('bit_of', 'moodle_analytics')(position)) }}
{%- endmacro %}

{% macro default__bit_of(position) -%}
    1 << cast({{ position }} as integer)
{%- endmacro %}

{% macro spark__bit_of(position) -%}
    shiftleft(1, cast(floor({{ position }}) as integer))
{%- endmacro %}


{# 1 where bit number `position` (a number, from 0) of an integer expression is set, else 0. #}
{% macro bit_is_set(mask, position) -%}
    case when (({{ mask }}) & {{ 2 ** position }}) > 0 then 1 else 0 end
{%- endmacro %}


{# Whether a condition holds for any row; false, not NULL, where it is never known. #}
{% macro bool_or(condition) -%}
    coalesce(bool_or({{ condition }}), false)
{%- endmacro %}


{# How many of the lowest `width` bits of an integer expression are set. #}
{% macro bits_set(mask, width) -%}
    (
        {%- for position in range(width) -%}
        {{ moodle_analytics.bit_is_set(mask, position) }}{{ ' + ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
