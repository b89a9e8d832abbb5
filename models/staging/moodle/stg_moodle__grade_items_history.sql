with source as (

    {{ select_moodle_columns(
        'grade_items_history',
        {
            'id': 'bigint',
            'action': 'bigint',
            'oldid': 'bigint',
            'source': 'text',
            'timemodified': 'bigint',
            'loggeduser': 'bigint',
            'courseid': 'bigint',
            'categoryid': 'bigint',
            'itemname': 'text',
            'itemtype': 'text',
            'itemmodule': 'text',
            'iteminstance': 'bigint',
            'itemnumber': 'bigint',
            'calculation': 'text',
            'gradetype': 'bigint',
            'grademax': 'numeric',
            'grademin': 'numeric',
            'gradepass': 'numeric',
            'scaleid': 'bigint',
            'aggregationcoef': 'numeric',
            'aggregationcoef2': 'numeric',
            'hidden': 'bigint',
            'needsupdate': 'bigint'
        },
        required=['id']
    ) }}

),

renamed as (

    select
        id as history_id,
        oldid as grade_item_id,
        loggeduser as logged_user_id,
        courseid as course_id,
        categoryid as grade_category_id,
        iteminstance as item_instance_id,
        scaleid as scale_id,
        source,
        itemname as item_name,
        itemtype as item_type,
        itemmodule as item_module,
        calculation,
        hidden = 1 as is_hidden,
        needsupdate = 1 as needs_update,
        action as history_action,
        itemnumber as item_number,
        gradetype as grade_type,
        grademax as grade_max,
        grademin as grade_min,
        gradepass as grade_pass,
        aggregationcoef as aggregation_coefficient,
        aggregationcoef2 as aggregation_weight,
        {{ epoch_to_timestamp('timemodified') }} as changed_at,
        {{ epoch_to_timestamp(
            'case when hidden > 1 then hidden end'
        ) }} as hidden_until_at
    from source

)

select * from renamed
