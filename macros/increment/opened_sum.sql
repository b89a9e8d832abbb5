{#
    A sum that takes in what rows before these add up to, which stands on the first of them. Where a
    model is made whole there are none, and the sum costs no more than any.
#}
{% macro opened_sum(amount, opening, goes_on) -%}
    {%- if goes_on -%}
    sum(coalesce({{ amount }} + {{ opening }}, {{ amount }}, {{ opening }}))
    {%- else -%}
    sum({{ amount }})
    {%- endif -%}
{%- endmacro %}
