with source as (

    {{ select_moodle_columns(
        'user_enrolments',
        {
            'id': 'bigint',
            'enrolid': 'bigint',
            'userid': 'bigint',
            'status': 'bigint',
            'timestart': 'bigint',
            'timeend': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as user_enrolment_id,
        enrolid as enrolment_method_id,
        userid as user_id,
        status = 1 as is_suspended,
        {{ epoch_to_timestamp('timestart') }} as starts_at,
        {{ epoch_to_timestamp('timeend') }} as ends_at,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
