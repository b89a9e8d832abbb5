{#
    Table of what an unfinished build has changed so far: from which week of which course on rows of a
    model differ from those that the last build that succeeded left. changed_course_id NULL is every
    course, changed_from -infinity every week. guard_history makes it, remember_build drops it.
#}
{% macro changes_relation() -%}
    {{ return(moodle_analytics.state_relation('build_changes')) }}
{%- endmacro %}
