{# Incremental strategy: weeks of a course are computed anew, those that of_changed_weeks names. #}
{% macro get_incremental_replace_weeks_sql(arg_dict) -%}
    {{ moodle_analytics.replace_rows(
        arg_dict, moodle_analytics.of_changed_weeks('target.course_id', 'target.week_start')
    ) }}
{%- endmacro %}
