{#
    What a running sum adds up: an amount, and on the first row what the rows before it had come to.
    Where a model is made whole there are none before, and the sum costs no more than any.
#}
{% macro opened(amount, opening, goes_on) -%}
    {%- if goes_on -%}
    coalesce({{ amount }} + {{ opening }}, {{ amount }}, {{ opening }})
    {%- else -%}
    {{ amount }}
    {%- endif -%}
{%- endmacro %}
