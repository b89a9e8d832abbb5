{#
    What an event means when the seed event_types does not know it, from its name alone:
    \component\event\target_action. Plug-ins name their events by Moodle's rules, so component and
    last word say enough to count them; no unknown name is taken for automatic.
#}


{# One backslash; written by its number, since engines differ in whether they escape it. #}
{% macro backslash() -%}
    chr(92)
{%- endmacro %}


{# The component that writes an event (a SQL expression): mod_quiz, core, local_shop. #}
{% macro event_component(event_name) -%}
    split_part({{ event_name }}, {{ moodle_analytics.backslash() }}, 2)
{%- endmacro %}


{# The last part of an event's name: attempt_submitted. #}
{% macro event_short_name(event_name) -%}
    split_part({{ event_name }}, {{ moodle_analytics.backslash() }}, 4)
{%- endmacro %}


{# The last word of an event's name, which Moodle calls its action: submitted. #}
{% macro event_action(event_name) -%}
    reverse(split_part(reverse({{ moodle_analytics.event_short_name(event_name) }}), '_', 1))
{%- endmacro %}


{# The activity_kind of an unknown event; never system: that is for rows known to be automatic. #}
{% macro event_fallback_kind(event_name) -%}
    {%- set component = moodle_analytics.event_component(event_name) -%}
    {%- set short_name = moodle_analytics.event_short_name(event_name) -%}
    {%- set action = moodle_analytics.event_action(event_name) -%}
    {%- set plugin_type = "split_part(" ~ component ~ ", '_', 1)" -%}
    case
        when {{ short_name }} = 'course_module_instance_list_viewed' then 'navigation'
        when {{ component }} = 'mod_subsection' then 'navigation'
        when {{ plugin_type }} = 'mod'
            then case
                when {{ component }} like 'mod%forum%' then 'forum'
                when {{ component }} like 'mod%quiz%' then 'assessment'
                when {{ component }} like 'mod%assign%' then 'assessment'
                when {{ component }} in (
                    'mod_workshop', 'mod_lesson', 'mod_h5pactivity', 'mod_hvp', 'mod_scorm',
                    'mod_vpl', 'mod_turnitintooltwo'
                ) then 'assessment'
                when {{ component }} like 'mod%wiki%' then 'social'
                when {{ component }} like 'mod_choice%' then 'social'
                when {{ component }} in (
                    'mod_chat', 'mod_glossary', 'mod_data', 'mod_feedback', 'mod_survey',
                    'mod_questionnaire'
                ) then 'social'
                else 'content'
            end
        when {{ plugin_type }} in (
            'assignsubmission', 'assignfeedback', 'quizaccess'
        ) then 'assessment'
        when {{ plugin_type }} = 'booktool' then 'content'
        when {{ plugin_type }} = 'message' then 'social'
        when {{ plugin_type }} = 'auth' then 'session'
        when {{ plugin_type }} in ('core', 'block', 'format', 'local', 'theme')
            and {{ action }} = 'viewed' then 'navigation'
        else 'administration'
    end
{%- endmacro %}


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


{# Each verb with the last words of event names that mean it. #}
{% macro event_verb_actions() -%}
    {{ return({
        'view': ['viewed'],
        'review': ['reviewed'],
        'submit': ['submitted'],
        'start': ['started', 'restarted', 'launched'],
        'answer': ['answered'],
        'resume': ['resumed'],
        'complete': ['completed', 'finished'],
        'abandon': ['abandoned'],
        'create': ['created', 'added', 'inserted', 'duplicated', 'imported', 'restored'],
        'update': ['updated', 'edited', 'changed', 'moved', 'saved', 'autosaved'],
        'delete': ['deleted', 'removed'],
        'upload': ['uploaded'],
        'download': ['downloaded', 'exported', 'printed'],
        'grade': ['graded', 'regraded', 'assessed', 'reassessed', 'rated'],
        'search': ['searched'],
        'enrol': ['enrolled', 'enroled'],
        'accept': ['accepted'],
        'join': ['joined'],
    }) }}
{%- endmacro %}


{# Whether an unknown event is written beside another row for the same act. #}
{% macro event_fallback_is_companion(event_name) -%}
    coalesce({{ moodle_analytics.event_short_name(event_name) }} = 'assessable_uploaded', false)
{%- endmacro %}
