{#
    The verb of an unknown event. Never post, attempt or login: those are counts of Moodle's own
    forum, quiz and login, and a plug-in's row must not be added to them unseen.
#}
{% macro event_fallback_verb(event_name) -%}
    case
        when {{ moodle_analytics.event_short_name(event_name) }} like '%message_sent'
            then 'message'
        else case {{ moodle_analytics.event_action(event_name) }}
            {%- for verb, actions in moodle_analytics.event_verb_actions().items() %}
            {%- for action in actions %}
            when '{{ action }}' then '{{ verb }}'
            {%- endfor %}
            {%- endfor %}
            else 'other'
        end
    end
{%- endmacro %}
