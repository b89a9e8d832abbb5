with source as (

    {{ select_moodle_columns(
        'forum_discussions',
        {
            'id': 'bigint',
            'course': 'bigint',
            'forum': 'bigint',
            'name': 'text',
            'firstpost': 'bigint',
            'userid': 'bigint',
            'groupid': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id', 'userid']
    ) }}

),

renamed as (

    select
        id as discussion_id,
        course as course_id,
        forum as forum_id,
        firstpost as first_post_id,
        userid as user_id,
        groupid as group_id,
        name,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
