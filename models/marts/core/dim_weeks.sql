{#
    One row per ISO week, Monday to Sunday in the program's zone, from the first learner on.
#}
{{ config(meta={'changed_from': {
    'columns': {'log_row_count': none, 'activity_event_count': none}
}}) }}

with weeks as (

    select * from {{ ref('int_weeks') }}

),

event_days as (

    select
        {{ week_start('occurred_on') }} as week_start,
        sum(event_count) as log_row_count,
        sum(case when left_out_reason is null then event_count else 0 end)
            as activity_event_count
    from {{ ref('int_event_days') }}
    where occurred_on is not null
    group by {{ week_start('occurred_on') }}

),

final as (

    select
        weeks.week_start,
        weeks.week_end,
        {{ iso_week_label('weeks.week_start') }} as week_label,
        weeks.is_partial_week,
        weeks.is_observed,
        cast({{ iso_year('weeks.week_start') }} as integer) as iso_year,
        cast({{ iso_week('weeks.week_start') }} as integer) as iso_week,
        case
            when weeks.is_observed
                then cast(coalesce(event_days.log_row_count, 0) as bigint)
        end as log_row_count,
        case
            when weeks.is_observed
                then cast(coalesce(event_days.activity_event_count, 0) as bigint)
        end as activity_event_count
    from weeks
    left join event_days
        on weeks.week_start = event_days.week_start

)

select * from final
