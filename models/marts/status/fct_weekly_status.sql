{#
    One row per learner, course and week of the grid: how the learner was doing, and the two reasons
    that weigh most. Worse counts at once, better only after two weeks: among inactive, struggling,
    doing ok and doing well the status is the worse of this week's and last week's raw status.
    Weeks that are not observed or without an active enrolment are unknown. Leaves out nothing of
    the grid, so that the statuses of a week add up to its learners.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set reasons = ['reason_1', 'reason_2'] %}

with weeks as (

    select
        learner_id,
        course_id,
        week_start,
        is_active_enrolment,
        is_observed and is_active_enrolment as is_judged,
        graded_item_count
    from {{ ref('fct_weekly_performance') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

signs as (

    select
        *,
        -- Two signs of one matter are one reason.
        row_number() over (
            partition by learner_id, course_id, week_start, reason_matter
            order by reason_order
        ) = 1 as is_first_of_matter
    from {{ ref('int_learner_week_signs') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

numbered as (

    select
        *,
        case
            when is_first_of_matter
                then row_number() over (
                    partition by learner_id, course_id, week_start, is_first_of_matter
                    order by reason_order
                )
        end as reason_place
    from signs

),

summed as (

    select
        learner_id,
        course_id,
        week_start,
        {%- for reason in reasons %}
        max(case when reason_place = {{ loop.index }} then reason_code end)
            as {{ reason }},
        max(case when reason_place = {{ loop.index }} then reason_matter end)
            as {{ reason }}_matter,
        max(case when reason_place = {{ loop.index }} then reason_value end)
            as {{ reason }}_value,
        max(case when reason_place = {{ loop.index }} then threshold end)
            as {{ reason }}_threshold,
        {%- endfor %}
        {{ bool_or("reason_code = 'completed'") }} as is_completed,
        {{ bool_or("reason_code = 'too_early'") }} as is_too_early,
        {{ bool_or("reason_code = 'never_started'") }} as is_never_started,
        {{ bool_or("reason_code = 'inactive'") }} as is_inactive,
        {{ count_if("reason_kind = 'sign'") }} as sign_count,
        {{ count_if("reason_kind = 'grave'") }} as grave_sign_count,
        {{ count_if("reason_kind = 'shortfall'") }} as shortfall_count
    from numbered
    group by learner_id, course_id, week_start

),

week_before as (

    {% if increments() -%}
    select
        learner_id,
        course_id,
        {{ add_days('week_start', 7) }} as week_start,
        raw_status,
        status,
        weeks_in_status
    from {{ this }}
    where
        {{ of_changed_weeks('course_id', 'week_start', weeks_before=1) }}
        and not ({{ of_changed_weeks('course_id', 'week_start') }})
    {%- else -%}
    select
        learner_id,
        course_id,
        week_start,
        cast(null as {{ data_type('text') }}) as raw_status,
        cast(null as {{ data_type('text') }}) as status,
        cast(null as integer) as weeks_in_status
    from weeks
    where false
    {%- endif %}

),

judged as (

    select
        weeks.learner_id,
        weeks.course_id,
        weeks.week_start,
        weeks.is_active_enrolment,
        weeks.graded_item_count,
        coalesce(summed.sign_count, 0) as sign_count,
        coalesce(summed.grave_sign_count, 0) as grave_sign_count,
        {%- for reason in reasons %}
        summed.{{ reason }},
        summed.{{ reason }}_matter,
        summed.{{ reason }}_value,
        summed.{{ reason }}_threshold,
        {%- endfor %}
        case
            when not weeks.is_judged then 'unknown'
            when summed.is_completed then 'completed'
            when summed.is_too_early then 'too_early'
            when summed.is_never_started then 'never_started'
            when summed.is_inactive then 'inactive'
            when summed.grave_sign_count > 0 or summed.sign_count > 1 then 'struggling'
            when summed.sign_count + summed.shortfall_count > 0 then 'doing_ok'
            else 'doing_well'
        end as raw_status,
        week_before.raw_status as before_raw_status,
        week_before.status as before_status,
        week_before.weeks_in_status as before_weeks_in_status
    from weeks
    left join week_before
        on
            weeks.learner_id = week_before.learner_id
            and weeks.course_id = week_before.course_id
            and weeks.week_start = week_before.week_start
    left join summed
        on
            weeks.learner_id = summed.learner_id
            and weeks.course_id = summed.course_id
            and weeks.week_start = summed.week_start

),

graded as (

    select
        *,
        {{ severity('raw_status') }} as severity,
        {{ severity('before_raw_status') }} as before_severity
    from judged

),

remembered as (

    select
        *,
        coalesce(lag(raw_status) over by_week, before_raw_status)
            as previous_raw_status,
        coalesce(
            coalesce(lag(severity) over by_week, before_severity) > severity, false
        ) as is_held
    from graded
    window by_week as (partition by learner_id, course_id order by week_start)

),

decided as (

    select
        *,
        case when is_held then previous_raw_status else raw_status end as status
    from remembered

),

compared as (

    select
        *,
        coalesce(
            lag(status) over (
                partition by learner_id, course_id order by week_start
            ), before_status
        ) as previous_status
    from decided

),

counted as (

    select
        *,
        sum(case when status is distinct from previous_status then 1 else 0 end) over (
            partition by learner_id, course_id
            order by week_start
            rows between unbounded preceding and current row
        ) as spell_number
    from compared

),

final as (

    select
        learner_id,
        course_id,
        week_start,
        is_active_enrolment,
        status,
        raw_status,
        previous_status,
        coalesce(status <> previous_status, false) as is_change,
        is_held,
        cast(
            row_number() over by_spell
            -- The spell that the week before was in goes on.
            + case
                when spell_number = 0 then max(before_weeks_in_status) over by_spell
                else 0
            end
            as integer
        ) as weeks_in_status,
        case
            when graded_item_count = 0 then 'low'
            when graded_item_count = 1 then 'medium'
            else 'high'
        end as evidence_level,
        cast(sign_count as integer) as sign_count,
        cast(grave_sign_count as integer) as grave_sign_count,
        -- Of a status that is held over, that is the first reason.
        case when is_held then 'better_for_one_week' else reason_1 end as reason_1,
        case when not is_held then reason_1_matter end as reason_1_matter,
        cast(case when is_held then 1 else reason_1_value end as numeric(20, 6))
            as reason_1_value,
        cast(case when is_held then 2 else reason_1_threshold end as numeric(20, 6))
            as reason_1_threshold,
        case when is_held then reason_1 else reason_2 end as reason_2,
        case when is_held then reason_1_matter else reason_2_matter end
            as reason_2_matter,
        cast(
            case when is_held then reason_1_value else reason_2_value end
            as numeric(20, 6)
        ) as reason_2_value,
        cast(
            case when is_held then reason_1_threshold else reason_2_threshold end
            as numeric(20, 6)
        ) as reason_2_threshold
    from counted
    window by_spell as (
        partition by learner_id, course_id, spell_number order by week_start
    )

)

select * from final
