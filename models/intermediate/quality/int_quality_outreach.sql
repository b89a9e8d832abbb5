{#
    One row per check of what is sent to learners: how many learners or messages a check concerns,
    and of how many. Whether a learner has an address is counted; no address leaves staging.
#}
{% set checks = ['learners_without_email', 'messages_not_delivered'] %}

with accounts as (

    select
        user_id,
        coalesce(email, '') <> '' as has_email
    from {{ ref('stg_moodle__users') }}

),

learners as (

    select distinct learner_id
    from {{ ref('int_learner_courses') }}
    where is_current

),

messages as (

    select delivery_state from {{ ref('stg_outreach__messages') }}

),

addresses as (

    select {{ bool_or('has_email') }} as has_any_email from accounts

),

learners_summed as (

    select
        {{ count_if('not accounts.has_email') }} as learners_without_email_count,
        count(*) as learners_without_email_total
    from learners
    inner join accounts
        on learners.learner_id = accounts.user_id

),

messages_summed as (

    select
        {{ count_if("delivery_state in ('failed', 'refused')") }}
            as messages_not_delivered_count,
        count(*) as messages_not_delivered_total
    from messages

),

measured as (

    select
        learners_summed.learners_without_email_count,
        messages_summed.messages_not_delivered_count,
        addresses.has_any_email,
        learners_summed.learners_without_email_total,
        messages_summed.messages_not_delivered_total
    from learners_summed
    cross join messages_summed
    cross join addresses

),

final as (

    {{ check_rows('measured', checks, unless={
        'learners_without_email': 'not has_any_email',
    }) }}

)

select * from final
