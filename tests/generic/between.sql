{#
    What is this? Fails on values outside [lowest, highest]; either bound may be left out. NULL passes.
    When does it matter? A share above 1 or a negative count means that something was counted twice or lost.
    How to resolve: find the first model upstream in which the column leaves its range.
#}
{% test between(model, column_name, lowest=none, highest=none) %}

select {{ column_name }}
from {{ model }}
where
    false
    {% if lowest is not none %}or {{ column_name }} < {{ lowest }}{% endif %}
    {% if highest is not none %}or {{ column_name }} > {{ highest }}{% endif %}

{% endtest %}
