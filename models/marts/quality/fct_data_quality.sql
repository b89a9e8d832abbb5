{#
    One row per check of the data: what was found, whether that is within its threshold, and a
    sentence that says so, and where something was found, what it means for the marts. Leaves out
    nothing: a check whose source this site does not have says that it cannot be known.
    The threshold follows from severity and unit: checks that only inform have none, shares that of
    the var quality_warn_share, counts zero.
#}
with checks as (

    select * from {{ ref('int_quality_checks') }}

),

cohorts as (

    select is_suppressed from {{ ref('fct_weekly_cohorts') }}

),

texts as (

    select * from {{ ref('data_quality_checks') }}

),

all_checks as (

    select
        check_code,
        is_known,
        affected_count,
        total_count
    from checks
    union all
    select
        'cohort_weeks_suppressed' as check_code,
        true as is_known,
        {{ count_if('is_suppressed') }} as affected_count,
        count(*) as total_count
    from cohorts

),

measured as (

    select
        texts.check_code,
        texts.subject,
        texts.check_name,
        texts.severity,
        texts.unit,
        texts.unknown_sentence,
        case
            when all_checks.affected_count > 0
                then texts.finding || ' ' || texts.meaning
            else texts.finding
        end as sentence,
        all_checks.is_known,
        case when all_checks.is_known then all_checks.affected_count end
            as affected_count,
        case when all_checks.is_known then all_checks.total_count end as total_count,
        case
            when not all_checks.is_known then null
            when texts.unit <> 'share' then all_checks.affected_count
            else
                coalesce(
                    all_checks.affected_count
                    / cast(nullif(all_checks.total_count, 0) as numeric(20, 6)),
                    0
                )
        end as value,
        cast(
            case
                when texts.severity = 'info' then null
                when texts.check_code = 'unknown_event_names'
                    then {{ var('unknown_event_warn_share') }}
                when texts.unit = 'share' then {{ var('quality_warn_share') }}
                else 0
            end as numeric(20, 6)
        ) as threshold
    from texts
    inner join all_checks
        on texts.check_code = all_checks.check_code

),

final as (

    select
        check_code,
        subject,
        check_name,
        severity,
        unit,
        case
            when is_known
                then
                    {{ fill_in('sentence', {
                        'count': whole_number('affected_count'),
                        'total': whole_number('total_count'),
                        'percent': one_decimal(
                            '100.0 * affected_count / nullif(total_count, 0)'
                        ),
                        'threshold': one_decimal('100 * threshold'),
                        'tables': "'" ~ absent_moodle_tables() | join(', ') ~ "'",
                        'gap_days': "'" ~ var('stray_gap_days') ~ "'",
                        'group_size': "'" ~ var('min_group_size') ~ "'",
                        'session_hours': "'" ~ var('session_max_hours') ~ "'",
                    }) }}
            else unknown_sentence
        end as sentence,
        case when is_known then coalesce(value <= threshold, true) end as is_ok,
        affected_count,
        total_count,
        cast(value as numeric(20, 6)) as value,
        threshold
    from measured

)

select * from final
