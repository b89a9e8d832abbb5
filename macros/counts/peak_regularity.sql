{#
    How far the counts in the columns prefix0 ... prefix(n-1) stand out in one of them:
    (log2 n - entropy in bits) * largest count. NULL where all are 0 or NULL.
    Boroujeni et al. 2016, "How to quantify student's regularity?".
#}
{% macro peak_regularity(prefix, n) -%}
    {%- set columns = [] -%}
    {%- set terms = [] -%}
    {%- for i in range(n) -%}
        {%- set column = 'coalesce(' ~ prefix ~ i ~ ', 0)' -%}
        {%- do columns.append(column) -%}
        {%- do terms.append(column ~ ' * ln(cast(greatest(' ~ column ~ ', 1) as ' ~ moodle_analytics.double() ~ '))') -%}
    {%- endfor -%}
    {%- set total = '(' ~ columns | join(' + ') ~ ')' -%}
    case
        when {{ total }} > 0
            then
                greatest({{ columns | join(', ') }}) * (
                    ln({{ n }}.0)
                    - ln(cast({{ total }} as {{ moodle_analytics.double() }}))
                    + ({{ terms | join(' + ') }}) / {{ total }}
                ) / ln(2.0)
    end
{%- endmacro %}
