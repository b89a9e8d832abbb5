{#
    The condition under which the current user sees a row. The functions run once a query, not once a
    row, and forbid neither indexes nor parallel workers: the first in a subquery of its own, the
    others behind `from`, where a hash table is made of what they give. Within them current_user would
    be their owner: hence the argument.
#}
{% macro row_rule(rule) -%}
    {%- set schema = adapter.quote(access_schema()) -%}
    {%- if rule == 'everyone' -%}
    true
    {%- else -%}
    (select {{ schema }}.reads_all_courses(current_user))
        {%- if rule == 'course' %}
    or course_id in (
        select entitled.id
        from {{ schema }}.entitled_courses(current_user) as entitled (id)
    )
        {%- elif rule == 'learner' %}
    or learner_id in (
        select entitled.id
        from {{ schema }}.entitled_learners(current_user) as entitled (id)
    )
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
