{#
    One row per learner and grade item with a row in the gradebook, now or once: the grade of today,
    the first and the best, in points and as a share of the item's range. Totals of courses and
    categories are rows too, told by item_type; sums over items take rows that are counted.
    Treated as follows: scales by their position; text items, excluded and deleted grades are not
    counted; hidden, overridden, calculated, dropped and outdated grades count and are flagged.
    Leaves out grades of users who are no learner of the course.
#}
with states as (

    select * from {{ ref('int_grade_states') }}

),

item_versions as (

    select * from {{ ref('int_grade_item_versions') }}
    where to_week is null

),

grades as (

    select
        user_id,
        grade_item_id,
        aggregation_status
    from {{ ref('stg_moodle__grade_grades') }}

),

log_end as (

    select max(observed_until_at) as last_log_at from {{ ref('int_weeks') }}

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

activities as (

    select
        course_module_id,
        module_name,
        instance_id
    from {{ ref('dim_activities') }}
    where instance_id is not null

),

summed as (

    select
        *,
        row_number() over (
            partition by user_id, grade_item_id order by state_number desc
        ) as last_number,
        count(case when is_new_grade then 1 end) over whole as grade_change_count,
        max(final_grade) over whole as best_grade,
        min(case when is_new_grade then changed_at end) over whole as first_graded_at,
        min(case when is_new_grade then state_number end) over whole as first_number
    from states
    window whole as (partition by user_id, grade_item_id)

),

numbered as (

    select
        *,
        max(case when state_number = first_number then final_grade end) over (
            partition by user_id, grade_item_id
        ) as first_grade
    from summed

),

joined as (

    select
        learner_courses.learner_id,
        learner_courses.course_id,
        item_versions.grade_item_id,
        activities.course_module_id,
        item_versions.item_name,
        item_versions.item_type,
        item_versions.item_module,
        item_versions.category_name,
        item_versions.grade_type,
        numbered.is_excluded,
        numbered.is_hidden
        or item_versions.is_hidden
        or coalesce(
            greatest(numbered.hidden_until_at, item_versions.hidden_until_at)
            > log_end.last_log_at,
            false
        ) as is_hidden,
        numbered.is_overridden,
        coalesce(grades.aggregation_status = 'dropped', false) as is_dropped,
        item_versions.is_calculated,
        item_versions.needs_update,
        item_versions.is_deleted,
        case
            when item_versions.item_type = 'course' and not item_versions.is_calculated
                then coalesce(numbered.raw_grade_min, item_versions.grade_min)
            else item_versions.grade_min
        end as grade_min,
        case
            when item_versions.item_type = 'course' and not item_versions.is_calculated
                then coalesce(numbered.raw_grade_max, item_versions.grade_max)
            else item_versions.grade_max
        end as grade_max,
        item_versions.grade_pass,
        case
            when not item_versions.is_deleted then numbered.final_grade
        end as final_grade,
        numbered.first_grade,
        numbered.best_grade,
        numbered.grade_change_count,
        numbered.first_graded_at,
        numbered.grade_set_at as graded_at
    from numbered
    cross join log_end
    inner join item_versions
        on numbered.grade_item_id = item_versions.grade_item_id
    inner join learner_courses
        on
            numbered.user_id = learner_courses.learner_id
            and item_versions.course_id = learner_courses.course_id
    left join grades
        on
            numbered.user_id = grades.user_id
            and numbered.grade_item_id = grades.grade_item_id
    left join activities
        on
            item_versions.item_module = activities.module_name
            and item_versions.item_instance_id = activities.instance_id
    where numbered.last_number = 1

),

final as (

    select
        learner_id,
        course_id,
        grade_item_id,
        course_module_id,
        item_name,
        item_type,
        item_module,
        category_name,
        coalesce(grade_type = 2, false) as is_scale,
        coalesce(
            item_type in ('mod', 'manual')
            and grade_type in (1, 2)
            and not is_excluded
            and final_grade is not null,
            false
        ) as is_counted,
        is_excluded,
        is_hidden,
        is_overridden,
        is_dropped,
        is_calculated,
        needs_update,
        is_deleted,
        cast(grade_min as numeric(20, 5)) as grade_min,
        cast(grade_max as numeric(20, 5)) as grade_max,
        cast(grade_pass as numeric(20, 5)) as grade_pass,
        cast(final_grade as numeric(20, 5)) as final_grade,
        {{ share_of_range('final_grade', 'grade_min', 'grade_max') }} as grade_share,
        final_grade >= grade_pass as is_passed,
        cast(first_grade as numeric(20, 5)) as first_grade,
        {{ share_of_range('first_grade', 'grade_min', 'grade_max') }} as first_share,
        cast(best_grade as numeric(20, 5)) as best_grade,
        {{ share_of_range('best_grade', 'grade_min', 'grade_max') }} as best_share,
        cast(grade_change_count as integer) as grade_change_count,
        first_graded_at,
        graded_at
    from joined

)

select * from final
