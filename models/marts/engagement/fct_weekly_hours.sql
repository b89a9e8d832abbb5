{#
    One row per course, group of learners, week, weekday and hour with an event of a learner of the
    group in the course: on how many days of learners there was one, on the learner's own clock.
    Days and weeks are the program's, and a day of the program begins at some hour of the learner's
    day: hours from that one on belong to the weekday that the learner has then, earlier ones to the
    next. Within that one hour, where the learner's zone is off by part of an hour or the clocks
    change, the weekday may be the one beside. Groups are today's in every week.
    Leaves out hours without an event, staff, and groups of fewer than min_group_size.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] %}

with learner_days as (

    select
        learner_id,
        course_id,
        occurred_on,
        week_start,
        active_hours_mask,
        active_weekdays_mask
    from {{ ref('int_learner_days') }}
    where course_id > 1 and {{ of_changed_weeks('course_id', 'week_start') }}

),

learners as (

    select
        learner_id,
        timezone
    from {{ ref('dim_learners') }}

),

days as (

    select
        calendar_date,
        starts_epoch
    from {{ ref('int_days') }}

),

members as (

    select
        learner_id,
        course_id,
        learner_group_id
    from {{ ref('fct_learner_groups') }}

),

learner_groups as (

    select * from {{ ref('dim_learner_groups') }}
    where not is_suppressed

),

weeks as (

    select
        week_start,
        week_label
    from {{ ref('dim_weeks') }}

),

timezones as (

    select distinct timezone from learners

),

-- Hours since the learner's Monday at the program's midnight, once a zone and day.
day_starts as (

    select
        timezones.timezone,
        days.calendar_date,
        {{ local_hour_of_week(
            epoch_to_timestamp('days.starts_epoch'), 'timezones.timezone'
        ) }} as local_hour_of_week
    from timezones
    cross join days

),

-- Days that look alike are unpacked once.
alike as (

    select
        members.course_id,
        members.learner_group_id,
        learner_days.week_start,
        day_starts.local_hour_of_week,
        learner_days.active_hours_mask,
        learner_days.active_weekdays_mask,
        count(*) as day_count
    from learner_days
    inner join members
        on
            learner_days.learner_id = members.learner_id
            and learner_days.course_id = members.course_id
    inner join learners
        on learner_days.learner_id = learners.learner_id
    inner join day_starts
        on
            learners.timezone = day_starts.timezone
            and learner_days.occurred_on = day_starts.calendar_date
    group by
        members.course_id,
        members.learner_group_id,
        learner_days.week_start,
        day_starts.local_hour_of_week,
        learner_days.active_hours_mask,
        learner_days.active_weekdays_mask

),

turned as (

    select
        *,
        mod(local_hour_of_week, 24) as first_hour,
        cast(floor(local_hour_of_week / 24) as integer) as first_weekday,
        cast(floor(mod(local_hour_of_week + 24, 168) / 24) as integer) as second_weekday
    from alike

),

placed as (

    select
        *,
        (active_weekdays_mask & {{ bit_of('second_weekday') }}) = 0
            as is_first_weekday_alone,
        (active_weekdays_mask & {{ bit_of('first_weekday') }}) = 0
            as is_second_weekday_alone
    from turned

),

hours as (

    {%- for hour in range(24) %}
    select {{ hour }} as hour_of_day
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

unpacked as (

    select
        placed.course_id,
        placed.learner_group_id,
        placed.week_start,
        placed.day_count,
        hours.hour_of_day,
        -- What happened on one weekday alone needs no hour to tell which.
        case
            when placed.is_first_weekday_alone then placed.first_weekday
            when placed.is_second_weekday_alone then placed.second_weekday
            when hours.hour_of_day >= placed.first_hour then placed.first_weekday
            else placed.second_weekday
        end as weekday_index
    from placed
    inner join hours
        on (placed.active_hours_mask & {{ bit_of('hours.hour_of_day') }}) > 0

),

summed as (

    select
        course_id,
        learner_group_id,
        week_start,
        weekday_index,
        hour_of_day,
        sum(day_count) as active_learner_day_count
    from unpacked
    group by course_id, learner_group_id, week_start, weekday_index, hour_of_day

),

final as (

    select
        summed.course_id,
        summed.learner_group_id,
        summed.week_start,
        summed.weekday_index + 1 as weekday_number,
        summed.hour_of_day,
        learner_groups.course_short_name,
        learner_groups.course_name,
        learner_groups.learner_group,
        weeks.week_label,
        case summed.weekday_index
            {%- for weekday in weekdays %}
            when {{ loop.index0 }} then '{{ weekday }}'
            {%- endfor %}
        end as weekday_name,
        cast(summed.active_learner_day_count as integer) as active_learner_day_count
    from summed
    inner join learner_groups
        on
            summed.course_id = learner_groups.course_id
            and summed.learner_group_id = learner_groups.learner_group_id
    inner join weeks
        on summed.week_start = weeks.week_start

)

select * from final
