{% macro event_fallback_kind(e) %}'content'{% endmacro %}
{% macro event_fallback_verb(e) %}'other'{% endmacro %}
{% macro event_fallback_is_companion(e) %}false{% endmacro %}
