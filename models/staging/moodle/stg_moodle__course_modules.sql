with source as (

    {{ select_moodle_columns(
        'course_modules',
        {
            'id': 'bigint',
            'course': 'bigint',
            'module': 'bigint',
            'instance': 'bigint',
            'section': 'bigint',
            'idnumber': 'text',
            'visible': 'bigint',
            'visibleoncoursepage': 'bigint',
            'deletioninprogress': 'bigint',
            'completion': 'bigint',
            'completionview': 'bigint',
            'completionexpected': 'bigint',
            'completiongradeitemnumber': 'bigint',
            'availability': 'text',
            'added': 'bigint'
        },
        required=['id']
    ) }}

),

renamed as (

    select
        id as course_module_id,
        course as course_id,
        module as module_id,
        instance as instance_id,
        section as section_id,
        idnumber as id_number,
        availability,
        visible = 1 as is_visible,
        visibleoncoursepage = 1 as is_visible_on_course_page,
        deletioninprogress = 1 as is_being_deleted,
        completionview = 1 as requires_view,
        completion as completion_tracking,
        completiongradeitemnumber as completion_grade_item_number,
        {{ epoch_to_timestamp('completionexpected') }} as completion_expected_at,
        {{ epoch_to_timestamp('added') }} as added_at
    from source

)

select * from renamed
