{#
    One row per learner and activity that is an item of the course or of which the learner handed in
    something: the deadline, what was handed in and when, and the weeks from which each of it was
    known. A grade without a submission (marked offline) is a hand-in at an unknown time.
    An item counts as missed once its grace is over, or while under half of the class misses it,
    but never while nobody has handed it in: that deadline is a bookkeeping date. Nor does it count
    where it was due before the learner's start in the course or after leaving it.
#}
{{ config(meta={'changed_from': {
    'week': 'known_week',
    'columns': {
        'due_week': 'due_week', 'missed_week': 'missed_week', 'graded_week': 'graded_week',
        'handed_in_week': 'handed_in_week', 'handed_in_at': 'handed_in_week',
        'submitted_week': 'submitted_week', 'submitted_at': 'submitted_week',
        'attempt_count': 'submitted_week', 'hours_before_due': 'submitted_week',
        'submission_rank_share': 'submitted_week',
        'submission_state': none, 'is_handed_in': none, 'is_missed': none,
        'is_bookkeeping_date': none,
    },
}}) }}
{% set grace_hours = var('missed_grace_days') * 24 %}

with deadlines as (

    select * from {{ ref('int_learner_deadlines') }}

),

hand_ins as (

    select * from {{ ref('int_hand_ins') }}

),

grade_changes as (

    select * from {{ ref('int_grade_changes') }}
    where is_counted

),

grid as (

    select
        learner_id,
        course_id,
        week_start
    from {{ ref('int_learner_course_weeks') }}
    where is_active_enrolment

),

weeks as (

    select
        week_start,
        observed_until_at
    from {{ ref('int_weeks') }}

),

log_end as (

    select max(observed_until_at) as last_log_at from weeks

),

-- Module types of which the log shows submissions.
logged_types as (

    select distinct module_name from hand_ins

),

offline_grades as (

    select
        learner_id,
        item_module as module_name,
        item_instance_id as instance_id,
        min(first_counted_at) as graded_at,
        min(from_week) as graded_week
    from grade_changes
    where item_type = 'mod'
    group by learner_id, item_module, item_instance_id

),

joined as (

    select
        coalesce(deadlines.learner_id, hand_ins.learner_id) as learner_id,
        coalesce(deadlines.course_id, hand_ins.course_id) as course_id,
        coalesce(deadlines.course_module_id, hand_ins.course_module_id)
            as course_module_id,
        coalesce(deadlines.instance_id, hand_ins.instance_id) as instance_id,
        coalesce(deadlines.module_name, hand_ins.module_name) as module_name,
        deadlines.deadline_source,
        coalesce(deadlines.is_visible, hand_ins.is_visible) as is_visible,
        coalesce(deadlines.is_team_submission, false) as is_team_submission,
        coalesce(deadlines.is_due_while_enrolled, true) as is_due_while_enrolled,
        deadlines.learner_id is not null as is_item,
        coalesce(deadlines.has_submission_table, false) as has_submission_table,
        coalesce(deadlines.is_deadline_known, true) as is_deadline_known,
        -- Where a table would show them, none are none.
        case
            when deadlines.has_submission_table
                then coalesce(hand_ins.attempt_count, 0)
            else hand_ins.attempt_count
        end as attempt_count,
        deadlines.started_week,
        deadlines.due_at,
        hand_ins.submitted_at,
        deadlines.added_at
    from deadlines
    full outer join hand_ins
        on
            deadlines.learner_id = hand_ins.learner_id
            and deadlines.course_module_id = hand_ins.course_module_id

),

dated as (

    select
        joined.learner_id,
        joined.course_id,
        joined.course_module_id,
        joined.module_name,
        joined.deadline_source,
        joined.is_visible,
        joined.is_team_submission,
        joined.is_due_while_enrolled,
        joined.is_deadline_known,
        joined.has_submission_table
        or logged_types.module_name is not null as is_source_known,
        joined.attempt_count,
        rank() over (
            partition by joined.course_module_id order by joined.submitted_at nulls last
        ) - 1 as earlier_submission_count,
        joined.due_at,
        joined.submitted_at,
        case
            when joined.submitted_at is null then offline_grades.graded_at
            else least(joined.submitted_at, offline_grades.graded_at)
        end as handed_in_at,
        joined.added_at,
        joined.is_item,
        joined.started_week,
        {{ week_start(local_date('joined.added_at')) }} as added_week,
        -- A deadline after the last log row has not come yet.
        case
            when joined.due_at <= log_end.last_log_at
                then {{ week_start(local_date('joined.due_at')) }}
        end as due_week,
        {{ add_hours('joined.due_at', grace_hours) }} as grace_at,
        log_end.last_log_at,
        {{ week_start(local_date('joined.submitted_at')) }} as submitted_week,
        offline_grades.graded_week
    from joined
    cross join log_end
    left join logged_types
        on joined.module_name = logged_types.module_name
    left join offline_grades
        on
            joined.learner_id = offline_grades.learner_id
            and joined.module_name = offline_grades.module_name
            and joined.instance_id = offline_grades.instance_id

),

weekly as (

    select
        *,
        case
            when grace_at <= last_log_at then {{ week_start(local_date('grace_at')) }}
        end as grace_week,
        least(submitted_week, graded_week) as handed_in_week,
        case
            -- Nobody is asked for it: that it is there is known by the hand-in.
            when not is_item then least(submitted_week, graded_week)
            when added_week is null then {{ beginning_of_time() }}
            else least(added_week, submitted_week, graded_week)
        end as known_week,
        min(least(submitted_week, graded_week)) over (
            partition by course_module_id
        ) as first_hand_in_week
    from dated

),

missing_at_first as (

    select *
    from weekly
    where
        is_source_known
        and is_due_while_enrolled
        and due_week is not null
        and coalesce(handed_in_week > due_week, true)

),

-- Within the grace it matters how many of the class miss the item at the end of a week.
weeks_in_grace as (

    {%- for week in range((var('missed_grace_days') + 6) // 7 + 1) %}
    select
        course_id,
        course_module_id,
        {{ add_days('due_week', 7 * week) }} as week_start
    from missing_at_first
    where coalesce({{ add_days('due_week', 7 * week) }} < grace_week, true)
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

-- The rows are distinct already: said again, so that the week's few items come before the grid.
asked_in_grace as (

    select distinct
        weekly.learner_id,
        weekly.course_id,
        weekly.course_module_id,
        weeks_in_grace.week_start,
        coalesce(weekly.handed_in_week > weeks_in_grace.week_start, true) as is_missing
    from weeks_in_grace
    inner join weekly
        on
            weeks_in_grace.course_module_id = weekly.course_module_id
            and weeks_in_grace.week_start >= weekly.due_week
            and weeks_in_grace.week_start >= weekly.known_week

),

weeks_most_handed_in as (

    select
        asked_in_grace.course_module_id,
        asked_in_grace.week_start
    from asked_in_grace
    inner join grid
        on
            asked_in_grace.learner_id = grid.learner_id
            and asked_in_grace.course_id = grid.course_id
            and asked_in_grace.week_start = grid.week_start
    group by asked_in_grace.course_module_id, asked_in_grace.week_start
    having
        {{ count_if('asked_in_grace.is_missing') }}
        < {{ var('missed_class_share') }} * count(*)

),

missed_early as (

    select
        missing_at_first.learner_id,
        missing_at_first.course_module_id,
        min(weeks_most_handed_in.week_start) as missed_week
    from missing_at_first
    inner join weeks_most_handed_in
        on
            missing_at_first.course_module_id = weeks_most_handed_in.course_module_id
            and missing_at_first.due_week <= weeks_most_handed_in.week_start
            and missing_at_first.known_week <= weeks_most_handed_in.week_start
            and coalesce(
                missing_at_first.handed_in_week > weeks_most_handed_in.week_start, true
            )
            and coalesce(
                missing_at_first.grace_week > weeks_most_handed_in.week_start, true
            )
    group by missing_at_first.learner_id, missing_at_first.course_module_id

),

class_sizes as (

    select
        course_id,
        week_start,
        count(*) as learner_count
    from grid
    group by course_id, week_start

),

measured as (

    select
        weekly.learner_id,
        weekly.course_id,
        weekly.course_module_id,
        weekly.module_name,
        weekly.deadline_source,
        weekly.is_visible,
        weekly.is_team_submission,
        weekly.is_due_while_enrolled,
        weekly.is_source_known,
        weekly.is_deadline_known,
        weekly.attempt_count,
        weekly.earlier_submission_count,
        weekly.due_at,
        weekly.submitted_at,
        weekly.handed_in_at,
        weekly.started_week,
        weekly.known_week,
        weekly.due_week,
        weekly.grace_week,
        weekly.submitted_week,
        weekly.graded_week,
        weekly.handed_in_week,
        weekly.first_hand_in_week,
        weekly.last_log_at,
        least(
            missed_early.missed_week,
            case
                when
                    weekly.is_source_known
                    and weekly.is_due_while_enrolled
                    and weekly.grace_week is not null
                    and weekly.first_hand_in_week is not null
                    then
                        greatest(
                            weekly.grace_week,
                            weekly.first_hand_in_week,
                            weekly.known_week
                        )
            end
        ) as missed_week,
        case
            when
                weekly.due_at is not null
                and weekly.submitted_at is not null
                and class_sizes.learner_count > 1
                then
                    least(
                        weekly.earlier_submission_count
                        / cast(class_sizes.learner_count - 1 as numeric(20, 8)),
                        1
                    )
        end as submission_rank_share,
        {{ hours_between('weekly.submitted_at', 'weekly.due_at') }} as hours_before_due
    from weekly
    left join missed_early
        on
            weekly.learner_id = missed_early.learner_id
            and weekly.course_module_id = missed_early.course_module_id
    left join class_sizes
        on
            weekly.course_id = class_sizes.course_id
            and weekly.submitted_week = class_sizes.week_start

),

final as (

    select
        {{ row_key(['learner_id', 'course_module_id']) }} as submission_id,
        learner_id,
        course_id,
        course_module_id,
        module_name,
        deadline_source,
        case
            when submitted_at <= due_at then 'on_time'
            when submitted_at > due_at then 'late'
            when due_at is null and is_deadline_known then 'no_deadline'
            when
                due_at is null
                or not is_source_known
                or handed_in_week is not null
                or last_log_at is null
                then 'unknown'
            when due_week is not null then 'missing'
            else 'open'
        end as submission_state,
        handed_in_week is not null as is_handed_in,
        is_visible,
        is_team_submission,
        is_source_known,
        is_deadline_known,
        is_due_while_enrolled,
        handed_in_week is null
        and coalesce(missed_week <= {{ week_start(local_date('last_log_at')) }}, false)
            as is_missed,
        due_week is not null and first_hand_in_week is null as is_bookkeeping_date,
        attempt_count,
        cast(hours_before_due as numeric(20, 8)) as hours_before_due,
        cast(submission_rank_share as numeric(20, 8)) as submission_rank_share,
        greatest(known_week, started_week) as known_week,
        due_week,
        submitted_week,
        graded_week,
        case
            when coalesce(handed_in_week > missed_week, true) then missed_week
        end as missed_week,
        handed_in_week,
        due_at,
        submitted_at,
        handed_in_at
    from measured

)

select * from final
