{# SQL that tells in changes_relation() that this model was made whole; none in a first build. #}
{% macro tell_all_changed(relation) -%}
    {%- if moodle_analytics.completed_build() is not none -%}
    insert into {{ moodle_analytics.changes_relation() }}
    values ('{{ relation.identifier }}', null, '-infinity');
    {%- endif -%}
{%- endmacro %}
