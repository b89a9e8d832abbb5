with source as (

    {{ select_moodle_columns(
        'groups_members',
        {
            'id': 'bigint',
            'groupid': 'bigint',
            'userid': 'bigint',
            'timeadded': 'bigint'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as group_member_id,
        groupid as group_id,
        userid as user_id,
        {{ epoch_to_timestamp('timeadded') }} as added_at
    from source

)

select * from renamed
