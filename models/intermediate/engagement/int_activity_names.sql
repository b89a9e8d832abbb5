{#
    One row per activity type and instance whose name the tables at hand tell. Assignments, quizzes
    and forums have their own tables; other types are named where they are graded.
    Leaves out ungraded activities of other types, whose tables are not read.
#}
with assignments as (

    select * from {{ ref('stg_moodle__assignments') }}

),

quizzes as (

    select * from {{ ref('stg_moodle__quizzes') }}

),

forums as (

    select * from {{ ref('stg_moodle__forums') }}

),

grade_items as (

    select * from {{ ref('stg_moodle__grade_items') }}
    where item_type = 'mod' and coalesce(item_number, 0) = 0

),

named as (

    select
        'assign' as module_name,
        assignment_id as instance_id,
        name as activity_name
    from assignments
    union all
    select
        'quiz' as module_name,
        quiz_id as instance_id,
        name as activity_name
    from quizzes
    union all
    select
        'forum' as module_name,
        forum_id as instance_id,
        name as activity_name
    from forums
    union all
    select
        item_module as module_name,
        item_instance_id as instance_id,
        max(item_name) as activity_name
    from grade_items
    group by item_module, item_instance_id

),

final as (

    select
        module_name || ' '
        || cast(instance_id as {{ dbt.type_string() }}) as activity_name_id,
        module_name,
        instance_id,
        max(activity_name) as activity_name
    from named
    where module_name is not null and instance_id is not null
    group by module_name, instance_id

)

select * from final
