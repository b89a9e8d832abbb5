{#
    One row per activity or resource of a course. Deleted ones are known from the log alone, or wait
    in the recycle bin; they are kept and marked. Leaves out activities of the site's front page.
#}
{{ config(meta={'changed_from': {
    'columns': {'first_used_week': none, 'last_used_week': none}
}}) }}

with course_modules as (

    select * from {{ ref('stg_moodle__course_modules') }}

),

modules as (

    select * from {{ ref('stg_moodle__modules') }}

),

sections as (

    select * from {{ ref('stg_moodle__course_sections') }}

),

activity_names as (

    select * from {{ ref('int_activity_names') }}

),

in_log as (

    select
        course_module_id,
        max(course_id) as course_id,
        min(week_start) as first_used_week,
        max(week_start) as last_used_week
    from {{ ref('int_learner_activity_weeks') }}
    where course_module_id > 0
    group by course_module_id

),

final as (

    select
        coalesce(course_modules.course_module_id, in_log.course_module_id)
            as course_module_id,
        coalesce(course_modules.course_id, in_log.course_id) as course_id,
        course_modules.instance_id,
        modules.module_name,
        coalesce(
            activity_names.activity_name,
            coalesce(modules.module_name, 'activity') || ' '
            || cast(
                coalesce(course_modules.course_module_id, in_log.course_module_id)
                as {{ dbt.type_string() }}
            )
        ) as activity_name,
        coalesce(
            sections.name,
            'Section ' || cast(sections.section_number as {{ dbt.type_string() }})
        ) as section_name,
        course_modules.course_module_id is null
        or coalesce(course_modules.is_being_deleted, false) as is_deleted,
        course_modules.is_visible and coalesce(sections.is_visible, true) as is_visible,
        course_modules.completion_tracking > 0 as has_completion_tracking,
        cast(sections.section_number as integer) as section_number,
        in_log.first_used_week,
        in_log.last_used_week,
        course_modules.completion_expected_at,
        course_modules.added_at
    from course_modules
    full outer join in_log
        on course_modules.course_module_id = in_log.course_module_id
    left join modules
        on course_modules.module_id = modules.module_id
    left join sections
        on course_modules.section_id = sections.section_id
    left join activity_names
        on
            modules.module_name = activity_names.module_name
            and course_modules.instance_id = activity_names.instance_id
    where coalesce(course_modules.course_id, in_log.course_id) > 1

)

select * from final
