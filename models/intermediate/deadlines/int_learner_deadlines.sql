{#
    One row per learner and item (an assignment, a quiz, or an activity with a date) of their courses,
    with the deadline that holds for this learner: that of a user override, else of a group override, else an
    extension, else the activity's own. An override that sets no date leaves the learner without a
    deadline, as a hidden activity does. Among group overrides that of the lowest sort order holds
    for an assignment, the latest for a quiz. Moodle keeps no history of deadlines: today's hold for
    all weeks.
#}
with activities as (

    select * from {{ ref('int_assessable_activities') }}
    where is_item

),

learner_courses as (

    select
        learner_id,
        course_id,
        started_on,
        enrolment_ends_at
    from {{ ref('int_learner_courses') }}

),

assignment_overrides as (

    select * from {{ ref('stg_moodle__assignment_overrides') }}
    where overrides_due_date

),

quiz_overrides as (

    select * from {{ ref('stg_moodle__quiz_overrides') }}
    where overrides_close

),

extensions as (

    select
        assignment_id,
        user_id,
        max(extension_due_at) as extension_due_at
    from {{ ref('stg_moodle__assignment_user_flags') }}
    where extension_due_at is not null
    group by assignment_id, user_id

),

memberships as (

    select * from {{ ref('int_group_memberships') }}

),

ranked_overrides as (

    select
        'assign' as module_name,
        assignment_id as instance_id,
        user_id,
        group_id,
        override_id,
        sort_order as override_rank,
        due_at
    from assignment_overrides
    union all
    select
        'quiz' as module_name,
        quiz_id as instance_id,
        user_id,
        group_id,
        override_id,
        0 as override_rank,
        closes_at as due_at
    from quiz_overrides

),

user_overrides as (

    select
        *,
        row_number() over (
            partition by module_name, instance_id, user_id order by override_id
        ) as override_number
    from ranked_overrides
    where user_id is not null and group_id is null

),

group_overrides as (

    select
        memberships.learner_id,
        memberships.course_id,
        ranked_overrides.module_name,
        ranked_overrides.instance_id,
        ranked_overrides.due_at,
        row_number() over (
            partition by
                memberships.learner_id,
                memberships.course_id,
                ranked_overrides.module_name,
                ranked_overrides.instance_id
            order by
                ranked_overrides.override_rank asc nulls last,
                case
                    when ranked_overrides.module_name = 'quiz'
                        then ranked_overrides.due_at
                end desc nulls first,
                ranked_overrides.override_id asc
        ) as override_number
    from ranked_overrides
    inner join memberships
        on ranked_overrides.group_id = memberships.group_id

),

dated as (

    select
        learner_courses.learner_id,
        activities.course_id,
        activities.course_module_id,
        activities.instance_id,
        activities.module_name,
        activities.is_visible,
        activities.is_team_submission,
        activities.has_submission_table,
        activities.is_deadline_known,
        learner_courses.started_on,
        learner_courses.enrolment_ends_at,
        activities.added_at,
        case
            when not activities.is_visible then 'hidden'
            when user_overrides.user_id is not null then 'user_override'
            when group_overrides.learner_id is not null then 'group_override'
            when extensions.user_id is not null then 'extension'
            else activities.deadline_source
        end as deadline_source,
        case
            when not activities.is_visible then null
            when user_overrides.user_id is not null then user_overrides.due_at
            when group_overrides.learner_id is not null then group_overrides.due_at
            when extensions.user_id is not null then extensions.extension_due_at
            else activities.due_at
        end as due_at
    from learner_courses
    inner join activities
        on learner_courses.course_id = activities.course_id
    left join user_overrides
        on
            activities.module_name = user_overrides.module_name
            and activities.instance_id = user_overrides.instance_id
            and learner_courses.learner_id = user_overrides.user_id
            and user_overrides.override_number = 1
    left join group_overrides
        on
            activities.module_name = group_overrides.module_name
            and activities.instance_id = group_overrides.instance_id
            and activities.course_id = group_overrides.course_id
            and learner_courses.learner_id = group_overrides.learner_id
            and group_overrides.override_number = 1
    left join extensions
        on
            activities.module_name = 'assign'
            and activities.instance_id = extensions.assignment_id
            and learner_courses.learner_id = extensions.user_id

),

final as (

    select
        {{ row_key(['learner_id', 'course_module_id']) }} as learner_activity_id,
        learner_id,
        course_id,
        course_module_id,
        instance_id,
        module_name,
        case when due_at is not null then deadline_source end as deadline_source,
        is_visible,
        is_team_submission,
        has_submission_table,
        is_deadline_known,
        -- Before the start in the course or after leaving it, nothing is missed.
        coalesce({{ local_date('due_at') }} >= started_on, true)
        and coalesce(due_at <= enrolment_ends_at, true) as is_due_while_enrolled,
        {{ week_start('started_on') }} as started_week,
        due_at,
        added_at
    from dated

)

select * from final
