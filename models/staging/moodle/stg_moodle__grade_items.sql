with source as (

    {{ select_moodle_columns(
        'grade_items',
        {
            'id': 'bigint',
            'courseid': 'bigint',
            'categoryid': 'bigint',
            'itemname': 'text',
            'itemtype': 'text',
            'itemmodule': 'text',
            'iteminstance': 'bigint',
            'itemnumber': 'bigint',
            'idnumber': 'text',
            'calculation': 'text',
            'gradetype': 'bigint',
            'grademax': 'numeric',
            'grademin': 'numeric',
            'gradepass': 'numeric',
            'scaleid': 'bigint',
            'aggregationcoef': 'numeric',
            'aggregationcoef2': 'numeric',
            'sortorder': 'bigint',
            'hidden': 'bigint',
            'locked': 'bigint',
            'needsupdate': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id', 'courseid']
    ) }}

),

renamed as (

    select
        id as grade_item_id,
        courseid as course_id,
        categoryid as grade_category_id,
        iteminstance as item_instance_id,
        scaleid as scale_id,
        itemname as item_name,
        itemtype as item_type,
        itemmodule as item_module,
        idnumber as id_number,
        calculation,
        hidden = 1 as is_hidden,
        needsupdate = 1 as needs_update,
        itemnumber as item_number,
        gradetype as grade_type,
        grademax as grade_max,
        grademin as grade_min,
        gradepass as grade_pass,
        aggregationcoef as aggregation_coefficient,
        aggregationcoef2 as aggregation_weight,
        sortorder as sort_order,
        {{ epoch_to_timestamp(
            'case when hidden > 1 then hidden end'
        ) }} as hidden_until_at,
        {{ epoch_to_timestamp('locked') }} as locked_at,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
