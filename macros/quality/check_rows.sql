{#
    A query of one row per check, from a relation of one row in which each check has the columns
    <check>_count and <check>_total. `unless` tells in SQL when a check cannot be known.
#}
{% macro check_rows(relation, checks, unless={}) -%}
    {%- for check in checks %}
    select
        '{{ check }}' as check_code,
        {{ 'not ' ~ unless[check] if check in unless else 'true' }} as is_known,
        cast(coalesce({{ check }}_count, 0) as bigint) as affected_count,
        cast(coalesce({{ check }}_total, 0) as bigint) as total_count
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
