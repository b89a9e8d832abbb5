{#
    One row per user account: what kind of account it is and which zone its owner lives in.
    The zone is the user's own where Moodle tells a name that the engine knows ('99' is the site's),
    else that of the country, else the program's; the last two are marked as assumed.
#}
{% set half_hours = {
    '-4.5': 'America/Caracas', '-3.5': 'America/St_Johns', '3.5': 'Asia/Tehran',
    '4.5': 'Asia/Kabul', '5.5': 'Asia/Kolkata', '5.75': 'Asia/Kathmandu',
    '6.5': 'Asia/Yangon', '9.5': 'Australia/Darwin',
} %}

with users as (

    select * from {{ ref('stg_moodle__users') }}

),

settings as (

    select
        max(case when name = 'timezone' then value end) as site_timezone,
        max(case when name = 'siteguest' then value end) as guest_user_id,
        max(case when name = 'siteadmins' then value end) as admin_user_ids
    from {{ ref('stg_moodle__config') }}

),

countries as (

    select
        country_code,
        country_name,
        timezone
    from {{ ref('country_timezones') }}

),

known_timezones as (

    {{ known_timezones() }}

),

accounts as (

    select
        users.user_id,
        users.is_deleted,
        users.is_confirmed,
        users.is_suspended,
        users.user_id = cast(coalesce(settings.guest_user_id, '1') as bigint)
        or coalesce(users.username, '') = 'guest' as is_guest,
        -- Without settings the administrator is the account that the installation made.
        ',' || replace(coalesce(settings.admin_user_ids, '2'), ' ', '') || ','
        like '%,' || cast(users.user_id as {{ dbt.type_string() }}) || ',%'
            as is_admin,
        coalesce(
            users.first_access_at, users.last_access_at,
            users.last_login_at, users.current_login_at
        ) is not null as has_accessed_site,
        users.first_access_at,
        case when users.is_suspended then users.modified_at end as suspended_at,
        upper(coalesce(nullif(users.country_code, ''), users.country)) as country_code,
        lower(users.country) as country_name,
        case
            when users.timezone = '99' then settings.site_timezone
            -- Old sites keep hours east of Greenwich; POSIX zone names count west.
            {%- for hours in range(-12, 15) %}
            when users.timezone in ('{{ hours }}', '{{ hours }}.0')
                then 'Etc/GMT{{ '%+d' % -hours if hours }}'
            {%- endfor %}
            {%- for hours, zone in half_hours.items() %}
            when users.timezone = '{{ hours }}' then '{{ zone }}'
            {%- endfor %}
            else users.timezone
        end as own_timezone
    from users
    cross join settings

),

final as (

    select
        accounts.user_id,
        coalesce(by_code.country_code, by_name.country_code) as country_code,
        coalesce(
            known_timezones.timezone, by_code.timezone, by_name.timezone,
            {{ program_timezone() }}
        ) as timezone,
        known_timezones.timezone is null as is_timezone_assumed,
        coalesce(accounts.is_deleted, false) as is_deleted,
        coalesce(accounts.is_suspended, false) as is_suspended,
        accounts.is_confirmed,
        accounts.is_guest,
        accounts.is_admin,
        accounts.has_accessed_site,
        accounts.first_access_at,
        accounts.suspended_at
    from accounts
    left join known_timezones
        on accounts.own_timezone = known_timezones.timezone
    left join countries as by_code
        on accounts.country_code = by_code.country_code
    left join countries as by_name
        on
            accounts.country_name = lower(by_name.country_name)
            and by_code.country_code is null

)

select * from final
