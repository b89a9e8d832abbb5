{# Without CTEs: PostgreSQL does not look through them for an index on the time. #}
select
    id as event_id,
    objectid as object_id,
    contextid as context_id,
    contextinstanceid as context_instance_id,
    userid as user_id,
    courseid as course_id,
    relateduserid as related_user_id,
    realuserid as real_user_id,
    eventname as event_name,
    component,
    action,
    target,
    objecttable as object_table,
    crud,
    other,
    origin,
    anonymous = 1 as is_anonymous,
    edulevel,
    contextlevel as context_level,
    timecreated as occurred_epoch,
    {{ epoch_to_timestamp('timecreated') }} as occurred_at
from (
    {{ select_moodle_columns(
        'logstore_standard_log',
        {
            'id': 'bigint',
            'eventname': 'text',
            'component': 'text',
            'action': 'text',
            'target': 'text',
            'objecttable': 'text',
            'objectid': 'bigint',
            'crud': 'text',
            'edulevel': 'bigint',
            'contextid': 'bigint',
            'contextlevel': 'bigint',
            'contextinstanceid': 'bigint',
            'userid': 'bigint',
            'courseid': 'bigint',
            'relateduserid': 'bigint',
            'anonymous': 'bigint',
            'other': 'text',
            'timecreated': 'bigint',
            'origin': 'text',
            'realuserid': 'bigint'
        },
        required=['id', 'eventname', 'userid', 'timecreated', 'courseid', 'edulevel']
    ) }}
) as source
