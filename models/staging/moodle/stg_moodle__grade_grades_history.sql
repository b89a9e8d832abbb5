with source as (

    {{ select_moodle_columns(
        'grade_grades_history',
        {
            'id': 'bigint',
            'action': 'bigint',
            'oldid': 'bigint',
            'source': 'text',
            'timemodified': 'bigint',
            'loggeduser': 'bigint',
            'itemid': 'bigint',
            'userid': 'bigint',
            'rawgrade': 'numeric',
            'rawgrademax': 'numeric',
            'rawgrademin': 'numeric',
            'finalgrade': 'numeric',
            'usermodified': 'bigint',
            'hidden': 'bigint',
            'locked': 'bigint',
            'overridden': 'bigint',
            'excluded': 'bigint'
        },
        required=['id', 'itemid', 'userid']
    ) }}

),

renamed as (

    select
        id as history_id,
        oldid as grade_id,
        loggeduser as logged_user_id,
        itemid as grade_item_id,
        userid as user_id,
        usermodified as grader_user_id,
        source,
        hidden = 1 as is_hidden,
        coalesce(overridden, 0) <> 0 as is_overridden,
        coalesce(excluded, 0) <> 0 as is_excluded,
        action as history_action,
        rawgrade as raw_grade,
        rawgrademax as raw_grade_max,
        rawgrademin as raw_grade_min,
        finalgrade as final_grade,
        {{ epoch_to_timestamp('timemodified') }} as changed_at,
        {{ epoch_to_timestamp(
            'case when hidden > 1 then hidden end'
        ) }} as hidden_until_at,
        {{ epoch_to_timestamp('locked') }} as locked_at,
        {{ epoch_to_timestamp('overridden') }} as overridden_at,
        {{ epoch_to_timestamp('excluded') }} as excluded_at
    from source

)

select * from renamed
