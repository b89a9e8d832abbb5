with source as (

    {{ select_moodle_columns(
        'scale',
        {
            'id': 'bigint',
            'courseid': 'bigint',
            'name': 'text',
            'scale': 'text',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as scale_id,
        courseid as course_id,
        name,
        scale as scale_items,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
