{#
    One row per learner, course and week of the course with an active enrolment: what was known of the
    learner at the end of that week, in the form that scores are made from. Ranks are percent ranks (0
    to 1) among those still enrolled in the same course at the end of the week. Nothing here looks at
    what came later, at how the course ended for the learner, or at who the learner is.
    Leaves out weeks before the course's first, and those before the log begins. Weeks that must
    not be scored stay, with the reason.
#}
{% set usual_weeks = 8 %}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set ranks = [
    ('event_rank', 'cumulative_participating_event_count'),
    ('recent_event_rank', 'recent_event_count'),
    ('active_day_rank', 'cumulative_active_day_count'),
    ('distinct_activity_rank', 'cumulative_new_activity_count'),
] %}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start,
        is_partial_week,
        course_week,
        learner_week,
        is_enrolled_at_end,
        is_completable,
        ended_enrolment_count,
        course_elapsed_share
    from {{ ref('int_learner_course_weeks') }}
    where
        is_observed
        and is_active_enrolment
        and course_week is not null
        and {{ of_changed_weeks('course_id', 'week_start', usual_weeks) }}

),

all_engagement as (

    select * from {{ ref('int_learner_week_engagement') }}

),

engagement as (

    select * from all_engagement
    where {{ of_changed_weeks('course_id', 'week_start', usual_weeks) }}

),

performance as (

    select * from {{ ref('fct_weekly_performance') }}
    where {{ of_changed_weeks('course_id', 'week_start', usual_weeks) }}

),

-- What the weeks before add up to.
opening as (

    select
        learner_id,
        course_id,
        {{ count_if('course_week is not null and active_day_count > 0') }}
            as active_week_count,
        {{ count_if('course_week is not null and is_observed') }} as week_count
    from all_engagement
    where not ({{ of_changed_weeks('course_id', 'week_start', usual_weeks) }})
    group by learner_id, course_id

),

recent as (

    select
        learner_id,
        course_id,
        week_start,
        participating_event_count,
        cumulative_participating_event_count,
        cumulative_active_day_count,
        cumulative_new_activity_count,
        active_day_count,
        days_since_last_activity,
        coalesce(lag(participating_event_count) over by_week, 0)
            as previous_event_count,
        coalesce(lag(active_day_count) over by_week, 0) as previous_active_day_count,
        sum(
            case when course_week is not null and active_day_count > 0 then 1 else 0 end
        ) over so_far as active_week_count,
        sum(
            case when course_week is not null and is_observed then 1 else 0 end
        ) over so_far as week_count
    from engagement
    window
        by_week as (partition by learner_id, course_id order by week_start),
        so_far as (
            partition by learner_id, course_id
            order by week_start
            rows between unbounded preceding and current row
        )

),

joined as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        grid.course_week,
        grid.is_partial_week,
        least(grid.course_week, grid.learner_week) = 1 as is_too_early,
        grid.is_enrolled_at_end,
        grid.ended_enrolment_count,
        grid.course_elapsed_share,
        coalesce(performance.is_course_completed, false) as is_completed,
        grid.is_completable,
        recent.participating_event_count,
        recent.previous_event_count,
        recent.participating_event_count + recent.previous_event_count
            as recent_event_count,
        recent.cumulative_participating_event_count,
        recent.cumulative_active_day_count,
        recent.cumulative_new_activity_count,
        recent.active_day_count,
        recent.previous_active_day_count,
        -- Of somebody never seen, the silence has lasted since the start.
        coalesce(
            recent.days_since_last_activity,
            7 * least(grid.course_week, grid.learner_week) - 1
        ) as idle_days,
        recent.active_week_count + coalesce(opening.active_week_count, 0)
            as active_week_count,
        recent.week_count + coalesce(opening.week_count, 0) as week_count,
        performance.judged_item_count,
        performance.missed_count,
        performance.is_latest_due_missed,
        performance.mean_hours_early,
        performance.grade_mean_share,
        performance.grade_last_share,
        performance.due_item_count,
        coalesce(performance.course_pass_share, {{ var('grade_struggling') }})
            as pass_share
    from grid
    inner join recent
        on
            grid.learner_id = recent.learner_id
            and grid.course_id = recent.course_id
            and grid.week_start = recent.week_start
    inner join performance
        on
            grid.learner_id = performance.learner_id
            and grid.course_id = performance.course_id
            and grid.week_start = performance.week_start
    left join opening
        on
            grid.learner_id = opening.learner_id
            and grid.course_id = opening.course_id

),

course_weeks as (

    select
        course_id,
        week_start,
        sum(participating_event_count) as event_count
    from joined
    group by course_id, week_start

),

-- Weeks without anything are no measure of what is usual.
usual as (

    select
        course_weeks.course_id,
        course_weeks.week_start,
        percentile_cont(0.5) within group (order by earlier.event_count)
            as usual_event_count
    from course_weeks
    inner join course_weeks as earlier
        on
            course_weeks.course_id = earlier.course_id
            and course_weeks.week_start > earlier.week_start
            and course_weeks.week_start
            <= {{ add_days('earlier.week_start', 7 * usual_weeks) }}
    where earlier.event_count > 0
    group by course_weeks.course_id, course_weeks.week_start

),

outages as (

    select
        course_weeks.course_id,
        course_weeks.week_start
    from course_weeks
    left join usual
        on
            course_weeks.course_id = usual.course_id
            and course_weeks.week_start = usual.week_start
    where
        course_weeks.event_count = 0
        or course_weeks.event_count
        < {{ var('outage_share') }} * usual.usual_event_count

),

ranked as (

    select
        *,
        is_enrolled_at_end
        and count(*) over (
            partition by course_id, week_start, is_enrolled_at_end
        ) > 1 as is_ranked,
        {%- for rank, measure in ranks %}
        percent_rank() over (
            partition by course_id, week_start, is_enrolled_at_end
            order by {{ measure }} nulls last
        ) as {{ rank }},
        {%- endfor %}
        percent_rank() over (
            partition by
                course_id, week_start, is_enrolled_at_end, grade_mean_share is null
            order by grade_mean_share
        ) as grade_rank,
        is_enrolled_at_end
        and count(grade_mean_share) over (
            partition by course_id, week_start, is_enrolled_at_end
        ) > 1 as is_grade_ranked
    from joined

),

final as (

    select
        ranked.learner_course_week_id,
        ranked.learner_id,
        ranked.course_id,
        ranked.week_start,
        ranked.course_week,
        case
            when not ranked.is_enrolled_at_end then 'left'
            when ranked.is_completed then 'completed'
            when not ranked.is_completable then 'nothing_to_complete'
            when ranked.is_partial_week then 'partial'
            when outages.course_id is not null then 'outage'
        end as unscored_reason,
        ranked.is_too_early,
        {%- for rank, measure in ranks %}
        case when ranked.is_ranked then ranked.{{ rank }} end as {{ rank }},
        {%- endfor %}
        cast(ranked.idle_days as integer) as idle_days,
        ln(cast(1 + ranked.participating_event_count as {{ double() }}))
        - ln(cast(1 + ranked.previous_event_count as {{ double() }}))
            as event_log_change,
        ranked.active_week_count / cast(ranked.week_count as {{ double() }})
            as active_week_share,
        cast(ranked.active_day_count as integer) as active_days_7,
        cast(ranked.active_day_count + ranked.previous_active_day_count as integer)
            as active_days_14,
        1 - ranked.missed_count
        / cast(nullif(ranked.judged_item_count, 0) as {{ double() }})
            as handed_in_share,
        ranked.missed_count,
        case when ranked.is_latest_due_missed then 1 else 0 end as latest_due_missed,
        cast(ranked.mean_hours_early as {{ double() }}) / 24 as mean_days_early,
        cast(ranked.grade_mean_share as {{ double() }}) as grade_mean_share,
        cast(ranked.grade_last_share as {{ double() }}) as grade_last_share,
        case
            when ranked.is_grade_ranked and ranked.grade_mean_share is not null
                then ranked.grade_rank
        end as grade_rank,
        ranked.ended_enrolment_count as earlier_attempt_count,
        ranked.due_item_count,
        cast(ranked.course_elapsed_share as {{ double() }}) as elapsed_share,
        ranked.pass_share
    from ranked
    left join outages
        on
            ranked.course_id = outages.course_id
            and ranked.week_start = outages.week_start

)

select * from final
where {{ of_changed_weeks('course_id', 'week_start') }}
