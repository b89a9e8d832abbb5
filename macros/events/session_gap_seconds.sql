{# The longest gap, in seconds, between two events of one session. #}
{% macro session_gap_seconds() -%}
    {{ (var('session_gap_minutes') * 60) | int }}
{%- endmacro %}
