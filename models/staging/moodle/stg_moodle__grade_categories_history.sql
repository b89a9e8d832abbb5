with source as (

    {{ select_moodle_columns(
        'grade_categories_history',
        {
            'id': 'bigint',
            'action': 'bigint',
            'oldid': 'bigint',
            'source': 'text',
            'timemodified': 'bigint',
            'loggeduser': 'bigint',
            'courseid': 'bigint',
            'parent': 'bigint',
            'depth': 'bigint',
            'fullname': 'text',
            'aggregation': 'bigint',
            'keephigh': 'bigint',
            'droplow': 'bigint',
            'aggregateonlygraded': 'bigint',
            'hidden': 'bigint'
        },
        required=['id']
    ) }}

),

renamed as (

    select
        id as history_id,
        oldid as grade_category_id,
        loggeduser as logged_user_id,
        courseid as course_id,
        parent as parent_category_id,
        source,
        fullname as full_name,
        aggregateonlygraded = 1 as leaves_out_empty_grades,
        hidden = 1 as is_hidden,
        action as history_action,
        depth,
        aggregation,
        keephigh as keep_high,
        droplow as drop_low,
        {{ epoch_to_timestamp('timemodified') }} as changed_at,
        {{ epoch_to_timestamp(
            'case when hidden > 1 then hidden end'
        ) }} as hidden_until_at
    from source

)

select * from renamed
