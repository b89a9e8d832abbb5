with source as (

    {{ select_moodle_columns(
        'role',
        {
            'id': 'bigint',
            'shortname': 'text',
            'name': 'text',
            'archetype': 'text'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as role_id,
        shortname as short_name,
        name,
        archetype
    from source

)

select * from renamed
