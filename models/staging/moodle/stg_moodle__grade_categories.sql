with source as (

    {{ select_moodle_columns(
        'grade_categories',
        {
            'id': 'bigint',
            'courseid': 'bigint',
            'parent': 'bigint',
            'depth': 'bigint',
            'path': 'text',
            'fullname': 'text',
            'aggregation': 'bigint',
            'keephigh': 'bigint',
            'droplow': 'bigint',
            'aggregateonlygraded': 'bigint',
            'hidden': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id', 'courseid']
    ) }}

),

renamed as (

    select
        id as grade_category_id,
        courseid as course_id,
        parent as parent_category_id,
        path,
        fullname as full_name,
        aggregateonlygraded = 1 as leaves_out_empty_grades,
        hidden = 1 as is_hidden,
        depth,
        aggregation,
        keephigh as keep_high,
        droplow as drop_low,
        {{ epoch_to_timestamp(
            'case when hidden > 1 then hidden end'
        ) }} as hidden_until_at,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
