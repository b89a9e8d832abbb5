{#
    One row per user, session, course and local date with an activity event; course 1 is the site.
    A gap counts for the course and date of its earlier event. A session's last event is credited
    with nothing (low), the learner's median gap of that week up to half the limit (central), or the
    whole limit (high). Sessions that are too long are kept and flagged; whoever sums leaves them out.
#}
{% set limit = session_gap_seconds() | int %}

with events as (

    select * from {{ ref('int_activity_events') }}

),

gap_weeks as (

    select
        user_id,
        week_start,
        median_gap_seconds
    from {{ ref('int_learner_gap_weeks') }}

),

summed as (

    select
        user_id,
        session_number,
        course_id,
        occurred_on,
        {{ week_start('occurred_on') }} as week_start,
        count(*) as event_count,
        {{ count_if("is_participating") }} as participating_event_count,
        {{ count_if("is_teaching") }} as teaching_event_count,
        {{ count_if("verb = 'view' and not is_companion") }} as view_count,
        {{ count_if("verb = 'submit' and not is_companion") }} as submission_count,
        {{ count_if("verb = 'attempt' and not is_companion") }} as quiz_attempt_count,
        {{ count_if("verb = 'view' and activity_kind = 'forum'") }} as forum_view_count,
        {{ count_if("verb = 'post'") }} as forum_post_count,
        {{ count_if("verb = 'login'") }} as login_count,
        {{ count_if("activity_kind = 'content'") }} as content_event_count,
        {{ count_if("activity_kind = 'assessment'") }} as assessment_event_count,
        {{ count_if("activity_kind = 'forum'") }} as forum_event_count,
        {{ count_if("local_hour_of_week >= 120") }} as weekend_event_count,
        {{ count_if(
            "mod(local_hour_of_week, 24) >= " ~ var('night_from_hour')
            ~ " or mod(local_hour_of_week, 24) < " ~ var('night_until_hour')
        ) }} as night_event_count,
        max(cognitive_depth) as cognitive_depth,
        -- One bit for each hour of the learner's day, and for each weekday, with an event.
        bit_or({{ bit_of('mod(local_hour_of_week, 24)') }}) as active_hours_mask,
        bit_or({{ bit_of('local_hour_of_week / 24') }}) as active_weekdays_mask,
        coalesce(sum(in_session_gap_seconds), 0) as gap_seconds,
        {{ count_if("is_session_end") }} as session_end_count,
        max(case when is_session_start then event_id end) as session_start_event_id,
        min(occurred_epoch) as first_epoch,
        max(occurred_epoch) as last_epoch,
        min(case when is_participating then occurred_epoch end) as first_participating_epoch,
        max(case when is_participating then occurred_epoch end) as last_participating_epoch
    from events
    group by user_id, session_number, course_id, occurred_on

),

measured as (

    select
        summed.*,
        sum(summed.gap_seconds) over (
            partition by summed.user_id, summed.session_number
        ) > {{ (var('session_max_hours') * 3600) | int }} as is_quarantined,
        row_number() over (
            partition by summed.user_id, summed.session_number, summed.course_id
            order by summed.occurred_on
        ) = 1 as is_first_day_in_course,
        summed.gap_seconds / 60.0 as minutes_low,
        (
            summed.gap_seconds
            + summed.session_end_count * least(gap_weeks.median_gap_seconds, {{ limit / 2 }})
        ) / 60.0 as minutes_central,
        (summed.gap_seconds + summed.session_end_count * {{ limit }}) / 60.0
            as minutes_high
    from summed
    inner join gap_weeks
        on
            summed.user_id = gap_weeks.user_id
            and summed.week_start = gap_weeks.week_start

),

final as (

    select
        cast(user_id as {{ dbt.type_string() }}) || ' '
        || cast(session_number as {{ dbt.type_string() }}) || ' '
        || cast(course_id as {{ dbt.type_string() }}) || ' '
        || cast(occurred_on as {{ dbt.type_string() }}) as session_day_id,
        user_id,
        session_number,
        course_id,
        session_start_event_id,
        is_quarantined,
        is_first_day_in_course,
        event_count,
        participating_event_count,
        teaching_event_count,
        view_count,
        submission_count,
        quiz_attempt_count,
        forum_view_count,
        forum_post_count,
        login_count,
        content_event_count,
        assessment_event_count,
        forum_event_count,
        weekend_event_count,
        night_event_count,
        cognitive_depth,
        active_hours_mask,
        active_weekdays_mask,
        minutes_low,
        minutes_central,
        minutes_high,
        occurred_on,
        week_start,
        {{ epoch_to_timestamp('first_epoch') }} as first_event_at,
        {{ epoch_to_timestamp('last_epoch') }} as last_event_at,
        {{ epoch_to_timestamp('first_participating_epoch') }} as first_participating_at,
        {{ epoch_to_timestamp('last_participating_epoch') }} as last_participating_at
    from measured

)

select * from final
