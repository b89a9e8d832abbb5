-- How many confirmed, non-deleted learners used Moodle in each month, and how much?
with days as (

    select
        days.learner_id,
        days.event_count,
        days.login_count,
        {{ dbt.date_trunc('month', 'days.occurred_on') }} as month_start
    from {{ ref('int_learner_days') }} as days
    inner join {{ ref('int_users_classified') }} as users
        on days.learner_id = users.user_id
    where coalesce(users.is_confirmed, true)

)

select
    cast(month_start as date) as month_start,
    count(distinct learner_id) as active_learner_count,
    sum(event_count) as event_count,
    sum(login_count) as login_count
from days
group by month_start
order by month_start
