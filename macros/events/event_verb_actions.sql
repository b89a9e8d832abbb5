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
