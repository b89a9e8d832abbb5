{#
    One row per learner and course, to date: six components of readiness for work, side by side and
    never as one score. Each is a proxy from learning records that nobody has validated against work;
    is_validated and note say so in every row. Leaves out nothing of the grid.
    Growth compares the last third of the learner's items with the first, in the order in which they
    were first graded and by their first grade, as what trying again gains is persistence. Peers of
    the collaboration are all learners that the course ever had.
#}
{% set collaborations = {
    'forum_post': 'forum_post_count',
    'reply_received': 'reply_received_count',
    'replied_people': 'replied_people_count',
} %}

with performance as (

    select * from {{ ref('fct_weekly_performance') }}

),

engagement as (

    select * from {{ ref('fct_weekly_engagement') }}

),

grades as (

    select * from {{ ref('fct_grades') }}
    where is_counted

),

numbered_weeks as (

    select
        *,
        row_number() over (
            partition by learner_id, course_id order by week_start desc
        ) as weeks_before_last
    from performance

),

latest as (

    select
        learner_id,
        course_id,
        week_start as last_week,
        graded_item_count,
        grade_mean_share,
        on_time_share,
        attempt_gain_share,
        cumulative_forum_post_count as forum_post_count,
        cumulative_reply_received_count as reply_received_count,
        cumulative_replied_people_count as replied_people_count
    from numbered_weeks
    where weeks_before_last = 1

),

active_weeks as (

    select
        learner_id,
        course_id,
        count(*) as enrolled_week_count,
        {{ count_if('participating_event_count > 0') }} as participating_week_count
    from engagement
    where is_observed and is_active_enrolment
    group by learner_id, course_id

),

failed_first as (

    select
        learner_id,
        course_id,
        count(*) as failed_first_item_count,
        {{ count_if('best_grade > first_grade') }} as improved_item_count
    from grades
    where grade_pass > 0 and first_grade < grade_pass
    group by learner_id, course_id

),

ordered_items as (

    select
        learner_id,
        course_id,
        first_share,
        row_number() over (
            partition by learner_id, course_id
            order by first_graded_at nulls first, grade_item_id
        ) as item_number,
        count(*) over (partition by learner_id, course_id) as item_count,
        floor(count(*) over (partition by learner_id, course_id) / 3) as third_count
    from grades
    where first_share is not null

),

growths as (

    select
        learner_id,
        course_id,
        avg(case when item_number > item_count - third_count then first_share end)
        - avg(case when item_number <= third_count then first_share end) as growth_share
    from ordered_items
    group by learner_id, course_id

),

ranked as (

    select
        *,
        count(*) over (partition by course_id) as peer_count,
        {%- for name, column in collaborations.items() %}
        percent_rank() over (
            partition by course_id order by {{ column }} nulls last
        ) as {{ name }}_rank,
        {%- endfor %}
        max(forum_post_count) over (partition by course_id) > 0 as has_forum_posts
    from latest

),

joined as (

    select
        ranked.learner_id,
        ranked.course_id,
        ranked.graded_item_count,
        ranked.grade_mean_share as technical_mastery_share,
        ranked.on_time_share as reliability_share,
        active_weeks.participating_week_count
        / cast(active_weeks.enrolled_week_count as numeric(12, 4)) as consistency_share,
        ranked.attempt_gain_share,
        coalesce(failed_first.failed_first_item_count, 0) as failed_first_item_count,
        failed_first.improved_item_count
        / cast(failed_first.failed_first_item_count as numeric(12, 4))
            as return_after_fail_share,
        {%- for name, column in collaborations.items() %}
        ranked.{{ column }},
        case when ranked.peer_count > 1 then 100 * ranked.{{ name }}_rank end
            as {{ name }}_percentile,
        {%- endfor %}
        ranked.peer_count,
        ranked.has_forum_posts,
        growths.growth_share,
        ranked.last_week
    from ranked
    left join active_weeks
        on
            ranked.learner_id = active_weeks.learner_id
            and ranked.course_id = active_weeks.course_id
    left join failed_first
        on
            ranked.learner_id = failed_first.learner_id
            and ranked.course_id = failed_first.course_id
    left join growths
        on
            ranked.learner_id = growths.learner_id
            and ranked.course_id = growths.course_id

),

final as (

    select
        learner_id,
        course_id,
        'proxy, not validated' as note,
        false as is_validated,
        case when technical_mastery_share is null then 0 else 1 end
        + case when reliability_share is null then 0 else 1 end
        + case when consistency_share is null then 0 else 1 end
        + case
            when attempt_gain_share is null and return_after_fail_share is null then 0
            else 1
        end
        + case when has_forum_posts then 1 else 0 end
        + case when growth_share is null then 0 else 1 end as component_count,
        cast(graded_item_count as integer) as graded_item_count,
        cast(technical_mastery_share as numeric(20, 6)) as technical_mastery_share,
        cast(reliability_share as numeric(12, 6)) as reliability_share,
        cast(consistency_share as numeric(12, 6)) as consistency_share,
        cast(attempt_gain_share as numeric(20, 6)) as attempt_gain_share,
        cast(failed_first_item_count as integer) as failed_first_item_count,
        cast(return_after_fail_share as numeric(12, 6)) as return_after_fail_share,
        {%- for name, column in collaborations.items() %}
        cast({{ column }} as integer) as {{ column }},
        cast(
            case when has_forum_posts then {{ name }}_percentile end as numeric(5, 2)
        ) as {{ name }}_percentile,
        {%- endfor %}
        cast(peer_count as integer) as peer_count,
        cast(growth_share as numeric(20, 6)) as growth_share,
        last_week
    from joined

)

select * from final
