{#
    Incremental strategy: weeks of learners over all courses are computed anew, those that
    of_changed_learner_weeks names, and all of those who are no learners any more.
#}
{% macro get_incremental_replace_learner_weeks_sql(arg_dict) -%}
    {{ moodle_analytics.replace_rows(
        arg_dict,
        moodle_analytics.of_changed_weeks(none, 'target.week_start')
        ~ ' or not exists (select from ' ~ ref('int_learner_courses') ~ ' as known'
        ~ ' where known.learner_id = target.learner_id)'
    ) }}
{%- endmacro %}
