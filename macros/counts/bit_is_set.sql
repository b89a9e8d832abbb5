{# 1 where bit number `position` (a number, from 0) of an integer expression is set, else 0. #}
{% macro bit_is_set(mask, position) -%}
    case when (({{ mask }}) & {{ 2 ** position }}) > 0 then 1 else 0 end
{%- endmacro %}
