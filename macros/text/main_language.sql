{# The language of a Moodle language pack without its variant: fr of fr_ca. #}
{% macro main_language(language) -%}
    lower(split_part({{ language }}, '_', 1))
{%- endmacro %}
