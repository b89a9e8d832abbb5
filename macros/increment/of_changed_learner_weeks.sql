{#
    Condition on rows over all courses that this build computes anew, by their learner and week: those
    of of_changed_weeks, of whichever course, and all weeks of learners whom this model does not know
    yet, since what they did on the site before they were learners is told by no course's weeks.
    Every row where the model is made whole.
#}
{% macro of_changed_learner_weeks(learner_id, week_start, weeks_before=0) -%}
    {%- if not moodle_analytics.increments() -%}
    true
    {%- else -%}
    (
        {{ moodle_analytics.of_changed_weeks(none, week_start, weeks_before) }}
        or not exists (
            select 1 from {{ this }} as known_learners
            where known_learners.learner_id = {{ learner_id }}
        )
    )
    {%- endif -%}
{%- endmacro %}
