{#
    One row per check of the data, from all subjects but the cohorts, which the mart adds.
#}
{% set subjects = [
    'log', 'population', 'results', 'activities', 'community', 'outreach'
] %}

with
{%- for subject in subjects %}
{{ subject }}_checks as (

    select * from {{ ref('int_quality_' ~ subject) }}

),
{% endfor %}
final as (

    {%- for subject in subjects %}
    select
        check_code,
        is_known,
        affected_count,
        total_count
    from {{ subject }}_checks
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from final
