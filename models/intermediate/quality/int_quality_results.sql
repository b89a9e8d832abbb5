{#
    One row per check of grades, completion and submissions: how many rows of Moodle's tables a check
    concerns, and of how many. Items are those of activities and manual ones, but for those that
    wait to be recalculated. Leaves out rows of the gradebook without a grade.
#}
{% set checks = [
    'grades_without_history', 'grades_out_of_range', 'grades_of_others', 'items_outdated',
    'items_without_range', 'items_on_scales', 'items_of_text', 'completions_without_time',
    'submissions_without_time',
] %}
{% set without_submissions = 'not ' ~ has_moodle_table('assign_submission') | trim %}

with grades as (

    select
        user_id,
        grade_item_id,
        final_grade
    from {{ ref('stg_moodle__grade_grades') }}
    where final_grade is not null

),

items as (

    select
        grade_item_id,
        course_id,
        item_type,
        coalesce(needs_update, false) as is_outdated,
        item_type in ('mod', 'manual') as is_item,
        grade_type,
        grade_min,
        grade_max
    from {{ ref('stg_moodle__grade_items') }}

),

histories as (

    select distinct
        user_id,
        grade_item_id
    from {{ ref('int_grade_states') }}
    where has_history

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

completions as (

    select modified_at
    from {{ ref('stg_moodle__course_modules_completion') }}
    where completion_state in (1, 2)

),

submissions as (

    select modified_at
    from {{ ref('stg_moodle__assignment_submissions') }}
    where status = 'submitted'

),

judged_grades as (

    select
        histories.user_id is null as is_without_history,
        learner_courses.learner_id is null as is_of_other,
        items.is_item and items.grade_type in (1, 2) as is_ranged,
        grades.final_grade > items.grade_max or grades.final_grade < items.grade_min
            as is_out_of_range
    from grades
    inner join items
        on grades.grade_item_id = items.grade_item_id
    left join histories
        on
            grades.user_id = histories.user_id
            and grades.grade_item_id = histories.grade_item_id
    left join learner_courses
        on
            grades.user_id = learner_courses.learner_id
            and items.course_id = learner_courses.course_id

),

grades_summed as (

    select
        {{ count_if('is_without_history') }} as grades_without_history_count,
        {{ count_if('is_ranged and is_out_of_range') }} as grades_out_of_range_count,
        {{ count_if('is_of_other') }} as grades_of_others_count,
        count(*) as grade_count,
        {{ count_if('is_ranged') }} as grades_out_of_range_total
    from judged_grades

),

items_summed as (

    select
        {{ count_if('is_outdated') }} as items_outdated_count,
        {{ count_if('is_item and grade_type in (1, 2) and grade_max <= grade_min') }}
            as items_without_range_count,
        {{ count_if('is_item and grade_type = 2') }} as items_on_scales_count,
        {{ count_if('is_item and coalesce(grade_type, 0) not in (1, 2)') }}
            as items_of_text_count,
        count(*) as items_outdated_total,
        {{ count_if('is_item') }} as item_count
    from items

),

completions_summed as (

    select
        {{ count_if('modified_at is null') }} as completions_without_time_count,
        count(*) as completions_without_time_total
    from completions

),

submissions_summed as (

    select
        {{ count_if('modified_at is null') }} as submissions_without_time_count,
        count(*) as submissions_without_time_total
    from submissions

),

measured as (

    select
        grades_summed.grades_without_history_count,
        grades_summed.grades_out_of_range_count,
        grades_summed.grades_of_others_count,
        items_summed.items_outdated_count,
        items_summed.items_without_range_count,
        items_summed.items_on_scales_count,
        items_summed.items_of_text_count,
        completions_summed.completions_without_time_count,
        submissions_summed.submissions_without_time_count,
        grades_summed.grade_count as grades_without_history_total,
        grades_summed.grades_out_of_range_total,
        grades_summed.grade_count as grades_of_others_total,
        items_summed.items_outdated_total,
        items_summed.item_count as items_without_range_total,
        items_summed.item_count as items_on_scales_total,
        items_summed.item_count as items_of_text_total,
        completions_summed.completions_without_time_total,
        submissions_summed.submissions_without_time_total
    from grades_summed
    cross join items_summed
    cross join completions_summed
    cross join submissions_summed

),

final as (

    {{ check_rows('measured', checks, unless={
        'submissions_without_time': without_submissions,
    }) }}

)

select * from final
