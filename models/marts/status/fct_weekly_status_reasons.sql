{#
    One row per learner, course, week and reason: everything that decided on the status of the week,
    with the value that was met and the threshold that it met, in order of weight. A status that was
    held over from last week has a reason of its own, the first: weeks better so far, and weeks that it takes.
    Leaves out weeks without any reason: those of learners who do well, and unknown ones.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with signs as (

    select * from {{ ref('int_learner_week_signs') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

held as (

    select
        learner_id,
        course_id,
        week_start
    from {{ ref('fct_weekly_status') }}
    where is_held and {{ of_changed_weeks('course_id', 'week_start') }}

),

reasons as (

    select
        learner_id,
        course_id,
        week_start,
        reason_code,
        reason_matter,
        reason_kind,
        reason_order,
        reason_value,
        threshold
    from signs
    union all
    select
        learner_id,
        course_id,
        week_start,
        'better_for_one_week' as reason_code,
        'better_for_one_week' as reason_matter,
        'held' as reason_kind,
        0 as reason_order,
        1 as reason_value,
        2 as threshold
    from held

),

final as (

    select
        learner_id,
        course_id,
        week_start,
        reason_code,
        reason_matter,
        reason_kind,
        reason_kind = 'grave' as is_grave,
        cast(
            row_number() over (
                partition by learner_id, course_id, week_start order by reason_order
            ) as integer
        ) as reason_rank,
        cast(reason_value as numeric(20, 6)) as reason_value,
        cast(threshold as numeric(20, 6)) as threshold
    from reasons

)

select * from final
