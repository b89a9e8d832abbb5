{#
    Condition on rows that this build computes anew: those of a user of int_changed_users from
    `bound`, a column of that model, on; `user_id` and `position` with the names of their relations.
    Every row where the model is made whole.
#}
{% macro of_changed_users(user_id, position, bound) -%}
    {%- if not moodle_analytics.increments() -%}
    true
    {%- else -%}
    {%- set changed_users = ref('int_changed_users') -%}
    {{ position }} >= (select min({{ bound }}) from {{ changed_users }})
    and exists (
        select 1 from {{ changed_users }} as changed_users
        where
            changed_users.user_id = {{ user_id }}
            and changed_users.{{ bound }} <= {{ position }}
    )
    {%- endif -%}
{%- endmacro %}
