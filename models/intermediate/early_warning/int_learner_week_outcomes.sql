{#
    One row per learner, course and week of the grid: what came after that week. Labels for training
    and judging scores; nothing that people see as known in that week may read this.
    dropped_out looks as many days ahead as dropout_days; where fewer remain before the end of the
    course, of the enrolment or of the data, it is NULL, whatever happened in them. Somebody who has
    left by then did drop out. Leaves out nothing of the grid.
#}
{% set week_end = add_days('grid.week_start', 6) %}
{% set dropout_on = add_days('looked_ahead.week_end', var('dropout_days')) %}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_weeks',
    meta={'weeks_ahead': (var('dropout_days') / 7) | round(0, 'ceil') | int + 1}
) }}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start,
        is_observed
    from {{ ref('int_learner_course_weeks') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

outcomes as (

    select
        learner_id,
        course_id,
        did_not_complete,
        outcome_at,
        {{ local_date('ends_at') }} as ends_on,
        {{ local_date('completed_at') }} as completed_on
    from {{ ref('fct_learner_outcomes') }}

),

active_weeks as (

    select
        learner_id,
        course_id,
        week_start,
        min(occurred_on) as first_active_on
    from {{ ref('int_learner_days') }}
    where participating_event_count > 0
    group by learner_id, course_id, week_start

),

log_end as (

    select max(observed_until) as last_log_on from {{ ref('int_weeks') }}

),

looked_ahead as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        grid.is_observed,
        {{ week_end }} as week_end,
        min(active_weeks.first_active_on) over (
            partition by grid.learner_id, grid.course_id
            order by grid.week_start
            rows between 1 following and unbounded following
        ) as next_active_on
    from grid
    left join active_weeks
        on
            grid.learner_id = active_weeks.learner_id
            and grid.course_id = active_weeks.course_id
            and grid.week_start = active_weeks.week_start

),

final as (

    select
        looked_ahead.learner_course_week_id,
        looked_ahead.learner_id,
        looked_ahead.course_id,
        looked_ahead.week_start,
        outcomes.did_not_complete,
        case
            when
                looked_ahead.is_observed
                and {{ days_between(
                    'looked_ahead.week_end',
                    'least(outcomes.ends_on, log_end.last_log_on)'
                ) }} >= {{ var('dropout_days') }}
                then
                    coalesce(outcomes.completed_on > {{ dropout_on }}, true)
                    and coalesce(looked_ahead.next_active_on > {{ dropout_on }}, true)
        end as dropped_out,
        outcomes.outcome_at
    from looked_ahead
    cross join log_end
    inner join outcomes
        on
            looked_ahead.learner_id = outcomes.learner_id
            and looked_ahead.course_id = outcomes.course_id

)

select * from final
