{# Whether every node of a run that has come to its end did what it should; warnings are no fault. #}
{% macro is_good_run(results) -%}
    {%- set faults = [] -%}
    {%- for result in results
        if result.status | string not in ('success', 'pass', 'warn', 'no-op') -%}
        {%- do faults.append(result) -%}
    {%- endfor -%}
    {{ return(not faults) }}
{%- endmacro %}
