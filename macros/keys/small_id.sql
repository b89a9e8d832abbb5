{#
    An id in four bytes, for a table of very many rows. Beyond two billion there is no such id of a
    user, course or activity, whatever a broken row says: NULL.
#}
{% macro small_id(value) -%}
    cast(case when {{ value }} between -2147483648 and 2147483647 then {{ value }} end as integer)
{%- endmacro %}
