{# Whether an unknown event is written beside another row for the same act. #}
{% macro event_fallback_is_companion(event_name) -%}
    coalesce({{ moodle_analytics.event_short_name(event_name) }} = 'assessable_uploaded', false)
{%- endmacro %}
