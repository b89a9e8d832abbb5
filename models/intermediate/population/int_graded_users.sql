{#
    One row per user and course with a row in the gradebook, now or in its history. Items that were
    deleted are found in their own history. Leaves out rows whose item is nowhere to be found.
#}
with grades as (

    select
        grade_item_id,
        user_id
    from {{ ref('stg_moodle__grade_grades') }}

),

grades_history as (

    select
        grade_item_id,
        user_id,
        history_action,
        changed_at
    from {{ ref('stg_moodle__grade_grades_history') }}

),

items as (

    select
        grade_item_id,
        course_id
    from {{ ref('stg_moodle__grade_items') }}

),

items_history as (

    select
        grade_item_id,
        max(course_id) as course_id
    from {{ ref('stg_moodle__grade_items_history') }}
    group by grade_item_id

),

item_courses as (

    select
        coalesce(items.grade_item_id, items_history.grade_item_id) as grade_item_id,
        coalesce(items.course_id, items_history.course_id) as course_id
    from items
    full outer join items_history
        on items.grade_item_id = items_history.grade_item_id

),

rows_of_users as (

    select
        grade_item_id,
        user_id,
        true as is_current,
        cast(null as {{ data_type('timestamp with time zone') }}) as deleted_at
    from grades
    union all
    select
        grade_item_id,
        user_id,
        false as is_current,
        case when history_action = 3 then changed_at end as deleted_at
    from grades_history

),

final as (

    select
        {{ row_key([
            'rows_of_users.user_id',
            'item_courses.course_id'
        ]) }} as graded_user_id,
        rows_of_users.user_id,
        item_courses.course_id,
        {{ bool_or('rows_of_users.is_current') }} as has_current_grade,
        max(rows_of_users.deleted_at) as last_deleted_at
    from rows_of_users
    inner join item_courses
        on rows_of_users.grade_item_id = item_courses.grade_item_id
    where item_courses.course_id is not null
    group by rows_of_users.user_id, item_courses.course_id

)

select * from final
