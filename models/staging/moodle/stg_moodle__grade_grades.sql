with source as (

    {{ select_moodle_columns(
        'grade_grades',
        {
            'id': 'bigint',
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
            'excluded': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint',
            'aggregationstatus': 'text',
            'aggregationweight': 'numeric'
        },
        required=['id', 'itemid', 'userid']
    ) }}

),

renamed as (

    select
        id as grade_id,
        itemid as grade_item_id,
        userid as user_id,
        usermodified as grader_user_id,
        aggregationstatus as aggregation_status,
        hidden = 1 as is_hidden,
        coalesce(overridden, 0) <> 0 as is_overridden,
        coalesce(excluded, 0) <> 0 as is_excluded,
        rawgrade as raw_grade,
        rawgrademax as raw_grade_max,
        rawgrademin as raw_grade_min,
        finalgrade as final_grade,
        aggregationweight as aggregation_weight,
        {{ epoch_to_timestamp(
            'case when hidden > 1 then hidden end'
        ) }} as hidden_until_at,
        {{ epoch_to_timestamp('locked') }} as locked_at,
        {{ epoch_to_timestamp('overridden') }} as overridden_at,
        {{ epoch_to_timestamp('excluded') }} as excluded_at,
        {{ epoch_to_timestamp('timecreated') }} as submitted_at,
        {{ epoch_to_timestamp('timemodified') }} as graded_at
    from source

)

select * from renamed
