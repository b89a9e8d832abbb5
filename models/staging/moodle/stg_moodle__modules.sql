with source as (

    {{ select_moodle_columns(
        'modules',
        {
            'id': 'bigint',
            'name': 'text',
            'visible': 'bigint'
        },
        required=['id', 'name']
    ) }}

),

renamed as (

    select
        id as module_id,
        name as module_name,
        visible = 1 as is_visible
    from source

)

select * from renamed
