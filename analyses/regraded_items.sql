-- Which items were graded again, for how many learners, and did it help them?
-- A grade that was changed counts, for another attempt as for a correction: the
-- gradebook does not tell the two apart. Totals, which change with every item, are not.
with regraded as (

    select
        course_id,
        grade_item_id,
        item_name,
        item_module,
        count(*) as graded_learner_count,
        {{ count_if('grade_change_count > 1') }} as regraded_learner_count,
        {{ count_if('final_grade > first_grade') }} as raised_count,
        {{ count_if('final_grade < first_grade') }} as lowered_count,
        avg(case when grade_change_count > 1 then grade_share - first_share end)
            as mean_change_share
    from {{ ref('fct_grades') }}
    where is_counted
    group by course_id, grade_item_id, item_name, item_module

)

select
    courses.course_short_name,
    regraded.grade_item_id,
    regraded.item_name,
    regraded.item_module,
    regraded.graded_learner_count,
    regraded.regraded_learner_count,
    regraded.raised_count,
    regraded.lowered_count,
    round(regraded.mean_change_share, 4) as mean_change_share
from regraded
inner join {{ ref('dim_courses') }} as courses
    on regraded.course_id = courses.course_id
where regraded.regraded_learner_count > 0
order by regraded.regraded_learner_count desc, regraded.grade_item_id asc
