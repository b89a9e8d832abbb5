{#
    What is this? Every weekly fact of a learner in a course has the rows of the grid, no more and no less.
    When does it matter? A missing week of zeros makes every rate too high, a double one doubles it.
    How to resolve: look for a join that is no left join onto the grid, or one whose other side has
    several rows for a week.
#}
{% set models = [
    'int_learner_week_grades',
    'int_learner_week_submissions',
    'int_learner_week_community',
    'int_learner_week_completions',
    'int_learner_week_attempts',
    'fct_weekly_engagement',
    'fct_weekly_performance',
    'fct_weekly_status',
    'fct_weekly_progress',
    'int_learner_week_outcomes',
] %}

with grid as (

    select count(*) as row_count from {{ ref('int_learner_course_weeks') }}

),

facts as (

    {% for model in models %}
    select
        '{{ model }}' as model_name,
        count(*) as row_count
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    facts.model_name,
    facts.row_count,
    grid.row_count as grid_row_count
from facts
cross join grid
where facts.row_count <> grid.row_count
