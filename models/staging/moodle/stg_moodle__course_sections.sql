with source as (

    {{ select_moodle_columns(
        'course_sections',
        {
            'id': 'bigint',
            'course': 'bigint',
            'section': 'bigint',
            'name': 'text',
            'visible': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as section_id,
        course as course_id,
        name,
        visible = 1 as is_visible,
        section as section_number
    from source

)

select * from renamed
