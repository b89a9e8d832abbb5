-- What is each learner's overall grade?
-- The sum of the final grades of items over all courses, in points, as the challenge
-- asks, and their mean as shares of each item's range, which is fairer. The totals that
-- the gradebook makes of them stand apart: adding them would count every grade twice.
with totals as (

    select
        learner_id,
        {{ count_if('is_counted') }} as graded_item_count,
        sum(case when is_counted then final_grade end) as overall_grade,
        avg(case when is_counted then grade_share end) as mean_share,
        {{ count_if("item_type = 'course' and final_grade is not null") }}
            as course_total_count,
        sum(case when item_type = 'course' then final_grade end) as course_total_grade,
        avg(case when item_type = 'course' then grade_share end) as course_total_share
    from {{ ref('fct_grades') }}
    group by learner_id

)

select
    learners.learner_id,
    learners.learner_key,
    coalesce(totals.graded_item_count, 0) as graded_item_count,
    round(totals.overall_grade, 2) as overall_grade,
    round(totals.mean_share, 4) as mean_share,
    coalesce(totals.course_total_count, 0) as course_total_count,
    round(totals.course_total_grade, 2) as course_total_grade,
    round(totals.course_total_share, 4) as course_total_share
from {{ ref('dim_learners') }} as learners
left join totals
    on learners.learner_id = totals.learner_id
order by totals.overall_grade desc nulls last, learners.learner_id asc
