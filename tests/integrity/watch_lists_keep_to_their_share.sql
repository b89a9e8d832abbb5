{#
    What is this? A course's list has at most watch_list_share of those scored in its week, but one may
    always be on it; nobody on it is doing well, and of those still seen nobody who is not on it is worse.
    When does it matter? A list that is too long is not read.
    How to resolve: look at the places of the course's week in fct_watch_list.
#}
with lists as (

    select
        course_id,
        week_start,
        count(*) as learner_count,
        max(list_place) as last_place,
        max(scored_learner_count) as scored_learner_count,
        min(case when not is_inactive_now then probability end) as least_probability,
        sum(case when band = 'well' then 1 else 0 end) as well_count
    from {{ ref('fct_watch_list') }}
    group by course_id, week_start

),

risks as (

    select
        lists.course_id,
        count(*) as scored_learner_count,
        sum(
            case
                when
                    risk.probability > lists.least_probability
                    and risk.band in ('ok', 'struggling')
                    and not risk.is_inactive_now
                    and outcomes.is_current
                    and not outcomes.is_completed
                    and listed.learner_id is null
                    then 1
                else 0
            end
        ) as passed_over_count
    from lists
    inner join {{ ref('fct_weekly_risk') }} as risk
        on
            lists.course_id = risk.course_id
            and lists.week_start = risk.week_start
    inner join {{ ref('fct_learner_outcomes') }} as outcomes
        on
            risk.course_id = outcomes.course_id
            and risk.learner_id = outcomes.learner_id
    left join {{ ref('fct_watch_list') }} as listed
        on
            risk.course_id = listed.course_id
            and risk.learner_id = listed.learner_id
    group by lists.course_id

)

select
    lists.course_id,
    lists.learner_count,
    lists.last_place,
    lists.scored_learner_count,
    lists.well_count,
    risks.passed_over_count
from lists
inner join risks
    on lists.course_id = risks.course_id
where
    lists.learner_count
    > greatest(1, {{ var('watch_list_share') }} * lists.scored_learner_count)
    or lists.last_place < lists.learner_count
    or lists.scored_learner_count <> risks.scored_learner_count
    or lists.well_count > 0
    or risks.passed_over_count > 0
