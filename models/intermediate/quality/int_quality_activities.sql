{#
    One row per check of activities and their deadlines: how many a check concerns, and of how many.
    An activity's own date is held against its course's dates; what became of it is told with the
    date that holds for each learner. Leaves out hidden activities, which have no deadline.
#}
{% set checks = [
    'activities_deleted', 'items_without_deadline', 'due_outside_course',
    'deadlines_without_source', 'unknown_submission_states', 'bookkeeping_dates',
    'items_mostly_missed',
] %}

with course_modules as (

    select
        course_module_id,
        coalesce(is_being_deleted, false) as is_deleted
    from {{ ref('stg_moodle__course_modules') }}
    where course_id > 1

),

in_log as (

    select distinct course_module_id
    from {{ ref('int_learner_activity_weeks') }}
    where course_id > 1 and course_module_id > 0

),

items as (

    select
        course_module_id,
        course_id,
        is_deadline_known,
        due_at
    from {{ ref('int_assessable_activities') }}
    where is_item and is_visible

),

courses as (

    select
        course_id,
        {{ local_date('start_at') }} as starts_on,
        {{ local_date('end_at') }} as ends_on
    from {{ ref('stg_moodle__courses') }}

),

submissions as (

    select * from {{ ref('int_submissions') }}

),

activities_summed as (

    select
        {{ count_if('coalesce(course_modules.is_deleted, true)') }}
            as activities_deleted_count,
        count(*) as activities_deleted_total
    from course_modules
    full outer join in_log
        on course_modules.course_module_id = in_log.course_module_id

),

judged_items as (

    select
        items.is_deadline_known,
        items.due_at is not null as is_dated,
        {{ local_date('items.due_at') }} < courses.starts_on
        or {{ local_date('items.due_at') }} > courses.ends_on as is_outside
    from items
    left join courses
        on items.course_id = courses.course_id

),

items_summed as (

    select
        {{ count_if('is_deadline_known and not is_dated') }}
            as items_without_deadline_count,
        {{ count_if('is_outside') }} as due_outside_course_count,
        {{ count_if('is_deadline_known') }} as items_without_deadline_total,
        {{ count_if('is_dated') }} as due_outside_course_total,
        count(*) as item_count
    from judged_items

),

states_summed as (

    select
        {{ count_if("submission_state = 'unknown'") }}
            as unknown_submission_states_count,
        count(*) as unknown_submission_states_total
    from submissions

),

deadlines as (

    select
        course_module_id,
        {{ bool_or('is_source_known') }} as is_source_known,
        {{ bool_or('due_week is not null') }} as is_past,
        {{ bool_or('is_bookkeeping_date') }} as is_bookkeeping_date,
        {{ count_if('due_week is not null and is_due_while_enrolled') }}
            as due_learner_count,
        {{ count_if(
            'due_week is not null and is_due_while_enrolled and not is_handed_in'
        ) }} as missing_learner_count
    from submissions
    where due_at is not null
    group by course_module_id

),

deadlines_summed as (

    select
        {{ count_if('not is_source_known') }} as deadlines_without_source_count,
        {{ count_if('is_past and is_source_known and is_bookkeeping_date') }}
            as bookkeeping_dates_count,
        {{ count_if(
            'is_past and is_source_known and not is_bookkeeping_date'
            ~ ' and missing_learner_count > 0 and missing_learner_count >= '
            ~ var('missed_class_share') ~ ' * due_learner_count'
        ) }} as items_mostly_missed_count,
        count(*) as deadlines_without_source_total,
        {{ count_if('is_past and is_source_known') }} as past_deadline_count
    from deadlines

),

measured as (

    select
        activities_summed.activities_deleted_count,
        items_summed.items_without_deadline_count,
        items_summed.due_outside_course_count,
        deadlines_summed.deadlines_without_source_count,
        states_summed.unknown_submission_states_count,
        deadlines_summed.bookkeeping_dates_count,
        deadlines_summed.items_mostly_missed_count,
        items_summed.item_count > 0
        and items_summed.items_without_deadline_total = 0 as is_date_unknown,
        activities_summed.activities_deleted_total,
        items_summed.items_without_deadline_total,
        items_summed.due_outside_course_total,
        deadlines_summed.deadlines_without_source_total,
        states_summed.unknown_submission_states_total,
        deadlines_summed.past_deadline_count as bookkeeping_dates_total,
        deadlines_summed.past_deadline_count as items_mostly_missed_total
    from activities_summed
    cross join items_summed
    cross join states_summed
    cross join deadlines_summed

),

final as (

    {{ check_rows('measured', checks, unless={
        'items_without_deadline': 'is_date_unknown',
    }) }}

)

select * from final
