{#
    One row per log row that gave or took an enrolment or a role in a course: what remains of
    learners whose enrolment Moodle has deleted. Whatever its origin, the row is evidence.
    Leaves out roles given elsewhere than in a course.
#}
with log_rows as (

    select * from {{ ref('stg_moodle__logstore_standard_log') }}

),

final as (

    select
        event_id,
        related_user_id as user_id,
        context_instance_id as course_id,
        case
            when event_name like '%enrolment%' then object_id
        end as user_enrolment_id,
        case
            when event_name like '%role%' then object_id
        end as role_id,
        event_name like '%enrolment_created'
        or event_name like '%role_assigned' as is_given,
        occurred_at as changed_at
    from log_rows
    where
        event_name in (
            {{ core_event('user_enrolment_created') }},
            {{ core_event('user_enrolment_deleted') }},
            {{ core_event('role_assigned') }},
            {{ core_event('role_unassigned') }}
        )
        and context_level = 50
        and related_user_id > 0
        and occurred_at is not null

)

select * from final
