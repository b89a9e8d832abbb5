{#
    Whose rows of a mart a reader of entitled courses sees: what config.meta.row_access of the model
    says, else those of entitled courses where there is a course_id, else none.
#}
{% macro row_access(node) -%}
    {%- set rule = node.config.meta.get(
        'row_access', 'course' if 'course_id' in node.columns else 'all_courses'
    ) -%}
    {%- if rule not in ('everyone', 'course', 'learner', 'all_courses') -%}
        {%- do exceptions.raise_compiler_error(
            node.name ~ ": row_access is " ~ rule
            ~ ", and must be everyone, course, learner or all_courses."
        ) -%}
    {%- endif -%}
    {{ return(rule) }}
{%- endmacro %}
