with source as (

    {{ select_moodle_columns(
        'user',
        {
            'id': 'bigint',
            'auth': 'text',
            'username': 'text',
            'idnumber': 'text',
            'firstname': 'text',
            'lastname': 'text',
            'email': 'text',
            'country': 'text',
            'CountryCode': 'text',
            'gender': 'text',
            'lang': 'text',
            'timezone': 'text',
            'confirmed': 'bigint',
            'deleted': 'bigint',
            'suspended': 'bigint',
            'firstaccess': 'bigint',
            'lastaccess': 'bigint',
            'lastlogin': 'bigint',
            'currentlogin': 'bigint',
            'timecreated': 'bigint',
            'timemodified': 'bigint'
        },
        required=['id']
    ) }}

),

renamed as (

    select
        id as user_id,
        auth,
        username,
        idnumber as id_number,
        firstname as first_name,
        lastname as last_name,
        email,
        country,
        countrycode as country_code,
        gender,
        lang as language,
        timezone,
        confirmed = 1 as is_confirmed,
        deleted = 1 as is_deleted,
        suspended = 1 as is_suspended,
        {{ epoch_to_timestamp('firstaccess') }} as first_access_at,
        {{ epoch_to_timestamp('lastaccess') }} as last_access_at,
        {{ epoch_to_timestamp('lastlogin') }} as last_login_at,
        {{ epoch_to_timestamp('currentlogin') }} as current_login_at,
        {{ epoch_to_timestamp('timecreated') }} as created_at,
        {{ epoch_to_timestamp('timemodified') }} as modified_at
    from source

)

select * from renamed
