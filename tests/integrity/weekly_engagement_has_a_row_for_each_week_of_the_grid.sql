{#
    What is this? fct_weekly_engagement has the rows of the grid, no more and no less.
    When does it matter? A missing week of zeros makes every rate and every trend too high.
    How to resolve: look for a join in int_learner_week_engagement that is no left join onto the grid, or
    one whose other side has several rows for a week.
#}
with counts as (

    select
        (select count(*) from {{ ref('int_learner_course_weeks') }}) as grid_rows,
        (select count(*) from {{ ref('fct_weekly_engagement') }}) as fact_rows

)

select *
from counts
where grid_rows <> fact_rows
