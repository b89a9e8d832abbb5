{# A Monday before anything that Moodle could know of: from when on what has no date held. #}
{% macro beginning_of_time() -%}
    cast('1900-01-01' as date)
{%- endmacro %}
