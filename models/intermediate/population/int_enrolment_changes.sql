{#
    One row per log row that gave or took an enrolment or a role in a course: what remains of
    learners whose enrolment Moodle has deleted. Whatever its origin, the row is evidence.
    Leaves out roles given elsewhere than in a course.
#}
{% set names = [
    'user_enrolment_created', 'user_enrolment_deleted', 'role_assigned', 'role_unassigned'
] %}

with event_names as (

    {%- for name in names %}
    select
        {{ event_type_key(core_event(name)) }} as event_type_key,
        {{ 'true' if 'enrolment' in name else 'false' }} as is_enrolment,
        {{ 'true' if name.endswith(('created', '_assigned')) else 'false' }} as is_given
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

log_rows as (

    select * from {{ ref('int_log_rows') }}
    where enrolment_course_id is not null and not is_removed

),

final as (

    select
        log_rows.event_id,
        log_rows.related_user_id as user_id,
        log_rows.enrolment_course_id as course_id,
        case when event_names.is_enrolment then log_rows.object_id end
            as user_enrolment_id,
        case when not event_names.is_enrolment then log_rows.object_id end as role_id,
        event_names.is_given,
        {{ epoch_to_timestamp('log_rows.occurred_epoch') }} as changed_at
    from log_rows
    inner join event_names
        on log_rows.event_type_key = event_names.event_type_key
    where
        log_rows.related_user_id > 0
        and {{ epoch_to_timestamp('log_rows.occurred_epoch') }} is not null

)

select * from final
