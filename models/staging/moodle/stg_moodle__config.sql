with source as (

    {{ select_moodle_columns(
        'config',
        {
            'id': 'bigint',
            'name': 'text',
            'value': 'text'
        },
        required=['id'],
        is_optional=true
    ) }}

),

renamed as (

    select
        id as config_id,
        name,
        value
    from source
    where name in (
        'timezone', 'siteguest', 'siteadmins', 'loglifetime', 'release', 'version'
    )

)

select * from renamed
