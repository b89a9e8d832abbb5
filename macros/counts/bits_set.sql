{# How many of the lowest `width` bits of an integer expression are set. #}
{% macro bits_set(mask, width) -%}
    (
        {%- for position in range(width) -%}
        {{ moodle_analytics.bit_is_set(mask, position) }}{{ ' + ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
