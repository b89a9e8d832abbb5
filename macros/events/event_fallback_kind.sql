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
