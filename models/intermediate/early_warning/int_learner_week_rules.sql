{#
    One row per learner, course and week of the features: the score and the band of a learner where
    no model can be trained yet. The score is the mean of five shares, the higher the worse; it orders
    the learners of one course and week and is no probability. A learner struggles by it only if a
    hard fact says so too. Leaves out nothing of the features.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}

with features as (

    select * from {{ ref('int_learner_week_features') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

scored as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start,
        course_week,
        unscored_reason,
        is_too_early,
        coalesce(unscored_reason in ('left', 'completed'), false)
            as is_no_peer,
        idle_days,
        missed_count,
        latest_due_missed,
        grade_mean_share,
        handed_in_share,
        pass_share,
        idle_days >= {{ var('inactive_days') }} as is_inactive_now,
        -- Alone in a course, nobody is better or worse than others.
        1 - coalesce(recent_event_rank, 0.5) as quiet_share,
        1 - coalesce(active_day_rank, 0.5) as seldom_share,
        least(idle_days, {{ var('inactive_days') }})
        / cast({{ var('inactive_days') }} as {{ double() }}) as idle_share,
        coalesce(1 - handed_in_share, {{ var('rule_share_nothing_due') }})
            as missed_share,
        coalesce(
            1 - grade_mean_share,
            case
                when handed_in_share is null
                    then {{ var('rule_share_nothing_graded') }}
                else {{ var('rule_share_not_graded') }}
            end
        ) as grade_gap_share
    from features

),

summed as (

    select
        *,
        (
            quiet_share + seldom_share + idle_share + missed_share + grade_gap_share
        ) / 5 as rule_score
    from scored

),

medians as (

    select
        course_id,
        week_start,
        percentile_cont(0.5) within group (order by rule_score) as median_score,
        percentile_cont(0.5) within group (order by missed_count)
            as median_missed_count,
        avg(latest_due_missed) as latest_due_missed_share
    from summed
    where not is_no_peer
    group by course_id, week_start

),

placed as (

    select
        *,
        percent_rank() over (
            partition by course_id, week_start, is_no_peer
            order by rule_score desc nulls first
        ) as worst_rank
    from summed

),

final as (

    select
        placed.learner_course_week_id,
        placed.learner_id,
        placed.course_id,
        placed.week_start,
        placed.course_week,
        placed.unscored_reason,
        placed.is_too_early,
        placed.is_inactive_now,
        case
            when placed.is_too_early then 'too_early'
            when
                placed.worst_rank < {{ var('rule_struggling_share') }}
                and (
                    placed.idle_days >= {{ var('silent_grave_days') }}
                    or placed.grade_mean_share < placed.pass_share
                    or (
                        placed.latest_due_missed = 1
                        and medians.latest_due_missed_share
                        < {{ var('missed_class_share') }}
                    )
                )
                then 'struggling'
            when
                placed.rule_score < medians.median_score
                and placed.missed_count <= medians.median_missed_count
                and coalesce(placed.grade_mean_share >= placed.pass_share, true)
                then 'well'
            else 'ok'
        end as rule_band,
        placed.rule_score,
        placed.quiet_share,
        placed.seldom_share,
        placed.idle_share,
        placed.missed_share,
        placed.grade_gap_share
    from placed
    left join medians
        on
            placed.course_id = medians.course_id
            and placed.week_start = medians.week_start

)

select * from final
