with source as (

    {{ select_moodle_columns(
        'forum_posts',
        {
            'id': 'bigint',
            'discussion': 'bigint',
            'parent': 'bigint',
            'userid': 'bigint',
            'created': 'bigint',
            'modified': 'bigint',
            'subject': 'text',
            'message': 'text',
            'deleted': 'bigint',
            'privatereplyto': 'bigint',
            'wordcount': 'bigint'
        },
        required=['id', 'userid']
    ) }}

),

renamed as (

    select
        id as post_id,
        discussion as discussion_id,
        nullif(parent, 0) as parent_post_id,
        userid as user_id,
        privatereplyto as private_reply_to_user_id,
        subject,
        message,
        deleted = 1 as is_deleted,
        wordcount as word_count,
        {{ epoch_to_timestamp('created') }} as created_at,
        {{ epoch_to_timestamp('modified') }} as modified_at
    from source

)

select * from renamed
