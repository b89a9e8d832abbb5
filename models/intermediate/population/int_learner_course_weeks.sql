{#
    One row per learner, course and week: the dense grid that every weekly fact joins onto. It runs
    from the learner's start (the earlier of enrolment and first activity event) to the end of
    observation: the first of course end, enrolment end and last log row, but never before the
    learner's own last activity event. Leaves out enrolments that begin after the last log row.
    Whether an enrolment was active is told as of the week, not as of today.
#}
with learner_courses as (

    select * from {{ ref('int_learner_courses') }}

),

courses as (

    select
        course_id,
        has_completion_tracking,
        start_at,
        end_at
    from {{ ref('stg_moodle__courses') }}

),

first_items as (

    select
        course_id,
        min(coalesce(
            {{ week_start(local_date('created_at')) }}, {{ beginning_of_time() }}
        )) as first_item_week
    from {{ ref('stg_moodle__grade_items') }}
    where item_type in ('mod', 'manual')
    group by course_id

),

weeks as (

    select * from {{ ref('int_weeks') }}

),

enrolments as (

    select
        user_id,
        course_id,
        {{ week_start(local_date('starts_at')) }} as first_week,
        {{ week_start(local_date('least(ends_at, suspended_at)')) }} as last_week
    from {{ ref('int_enrolment_periods') }}

),

last_log as (

    select max(observed_until) as last_log_on from weeks

),

course_starts as (

    select
        learner_courses.course_id,
        courses.course_id is null as is_course_deleted,
        courses.has_completion_tracking,
        first_items.first_item_week,
        -- A start after the last log row is none yet: the first activity stands for it.
        {{ week_start(
            'coalesce('
            ~ 'case when ' ~ local_date('courses.start_at')
            ~ ' <= max(last_log.last_log_on) then ' ~ local_date('courses.start_at') ~ ' end, '
            ~ local_date('min(learner_courses.first_event_at)') ~ ')'
        ) }} as course_start_week,
        {{ local_date('courses.end_at') }} as course_end_on
    from learner_courses
    cross join last_log
    left join courses
        on learner_courses.course_id = courses.course_id
    left join first_items
        on learner_courses.course_id = first_items.course_id
    group by
        learner_courses.course_id,
        courses.course_id,
        courses.has_completion_tracking,
        first_items.first_item_week,
        courses.start_at,
        courses.end_at

),

spans as (

    select
        learner_courses.learner_id,
        learner_courses.course_id,
        course_starts.is_course_deleted,
        course_starts.has_completion_tracking,
        course_starts.first_item_week,
        course_starts.course_start_week,
        course_starts.course_end_on,
        {{ week_start('learner_courses.started_on') }} as first_week,
        {{ week_start(
            'greatest(least(last_log.last_log_on, course_starts.course_end_on, '
            ~ local_date('learner_courses.enrolment_ends_at')
            ~ '), learner_courses.last_event_on)'
        ) }} as last_week,
        {{ week_start('learner_courses.enrolled_on') }} as enrolled_week,
        {{ week_start(local_date('learner_courses.enrolment_ends_at')) }}
            as left_week,
        {{ week_start(local_date('learner_courses.suspended_at')) }} as suspended_week
    from learner_courses
    cross join last_log
    inner join course_starts
        on learner_courses.course_id = course_starts.course_id

),

-- An enrolment known by its role alone, or inferred, has one period.
periods as (

    select
        spans.learner_id,
        spans.course_id,
        case
            when enrolments.user_id is null then spans.enrolled_week
            else enrolments.first_week
        end as first_week,
        case
            when enrolments.user_id is null then spans.left_week
            else enrolments.last_week
        end as last_week,
        spans.suspended_week
    from spans
    left join enrolments
        on
            spans.learner_id = enrolments.user_id
            and spans.course_id = enrolments.course_id

),

enrolled_weeks as (

    select
        periods.learner_id,
        periods.course_id,
        weeks.week_start,
        {{ bool_or(
            'coalesce(least(periods.last_week, periods.suspended_week)'
            ~ ' > weeks.week_start, true)'
        ) }} as is_enrolled_at_end
    from periods
    inner join weeks
        on
            coalesce(periods.first_week, weeks.week_start) <= weeks.week_start
            and coalesce(periods.last_week, weeks.week_start) >= weeks.week_start
            and coalesce(periods.suspended_week, weeks.week_start) >= weeks.week_start
    group by periods.learner_id, periods.course_id, weeks.week_start

),

ended_enrolments as (

    select
        learner_id,
        course_id,
        last_week as week_start,
        count(*) as ended_count
    from periods
    where last_week is not null
    group by learner_id, course_id, last_week

),

final as (

    select
        {{ row_key([
            'spans.learner_id',
            'spans.course_id',
            'weeks.week_start'
        ]) }} as learner_course_week_id,
        spans.learner_id,
        spans.course_id,
        weeks.week_start,
        weeks.is_observed,
        weeks.is_partial_week,
        spans.is_course_deleted,
        not spans.is_course_deleted
        and enrolled_weeks.learner_id is not null as is_active_enrolment,
        not spans.is_course_deleted
        and coalesce(enrolled_weeks.is_enrolled_at_end, false) as is_enrolled_at_end,
        coalesce(
            spans.has_completion_tracking or spans.first_item_week <= weeks.week_start,
            false
        ) as is_completable,
        case
            when weeks.week_start >= spans.course_start_week
                then {{ weeks_between(
                    'spans.course_start_week', 'weeks.week_start'
                ) }} + 1
        end as course_week,
        {{ weeks_between('spans.first_week', 'weeks.week_start') }} + 1 as learner_week,
        cast(
            coalesce(sum(ended_enrolments.ended_count) over (
                partition by spans.learner_id, spans.course_id
                order by weeks.week_start
                rows between unbounded preceding and current row
            ), 0) as integer
        ) as ended_enrolment_count,
        cast(
            case
                when
                    weeks.week_start >= spans.course_start_week
                    and spans.course_end_on > spans.course_start_week
                    then least(
                        {{ days_between(
                            'spans.course_start_week', add_days('weeks.week_start', 7)
                        ) }} / cast({{ days_between(
                            'spans.course_start_week', 'spans.course_end_on'
                        ) }} as numeric(12, 6)), 1
                    )
            end as numeric(12, 6)
        ) as course_elapsed_share,
        weeks.observed_until
    from spans
    inner join weeks
        on
            spans.first_week <= weeks.week_start
            and spans.last_week >= weeks.week_start
    left join enrolled_weeks
        on
            spans.learner_id = enrolled_weeks.learner_id
            and spans.course_id = enrolled_weeks.course_id
            and weeks.week_start = enrolled_weeks.week_start
    left join ended_enrolments
        on
            spans.learner_id = ended_enrolments.learner_id
            and spans.course_id = ended_enrolments.course_id
            and weeks.week_start = ended_enrolments.week_start

)

select * from final
