{#
    What an event means when the seed event_types does not know it, from its name alone:
    \component\event\target_action. Plug-ins name their events by Moodle's rules, so component and
    last word say enough to count them; no unknown name is taken for automatic.
#}


{# One backslash; written by its number, since engines differ in whether they escape it. #}
{% macro backslash() -%}
    chr(92)
{%- endmacro %}
