with source as (

    {{ select_moodle_columns(
        'cohort',
        {
            'id': 'bigint',
            'contextid': 'bigint',
            'name': 'text',
            'idnumber': 'text',
            'visible': 'bigint',
            'timecreated': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as cohort_id,
        contextid as context_id,
        name,
        idnumber as id_number,
        visible = 1 as is_visible,
        {{ epoch_to_timestamp('timecreated') }} as created_at
    from source

)

select * from renamed
