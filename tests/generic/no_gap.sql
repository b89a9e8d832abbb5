{#
    What is this? Fails where one date of a spine is not followed by the next, step_days later.
    When does it matter? A missing day or week silently drops the events and learners of that time.
    How to resolve: look at date_range in macros/clock.sql and at the range it was given.
#}
{% test no_gap(model, column_name, step_days) %}

with steps as (

    select
        {{ column_name }} as date_from,
        lead({{ column_name }}) over (order by {{ column_name }}) as date_to
    from {{ model }}

)

select
    date_from,
    date_to
from steps
where date_to <> {{ add_days('date_from', step_days) }}

{% endtest %}
