with source as (

    {{ select_moodle_columns(
        'context',
        {
            'id': 'bigint',
            'contextlevel': 'bigint',
            'instanceid': 'bigint',
            'path': 'text',
            'depth': 'bigint'
        },
        required=['id', 'contextlevel', 'instanceid']
    ) }}

),

renamed as (

    select
        id as context_id,
        instanceid as instance_id,
        path,
        contextlevel as context_level,
        depth
    from source

)

select * from renamed
