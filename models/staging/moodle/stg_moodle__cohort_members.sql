with source as (

    {{ select_moodle_columns(
        'cohort_members',
        {
            'id': 'bigint',
            'cohortid': 'bigint',
            'userid': 'bigint',
            'timeadded': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as cohort_member_id,
        cohortid as cohort_id,
        userid as user_id,
        {{ epoch_to_timestamp('timeadded') }} as added_at
    from source

)

select * from renamed
