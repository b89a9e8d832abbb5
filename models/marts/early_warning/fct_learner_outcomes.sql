{#
    One row per learner and course: how it ended. Known only once the course is over, or where a course
    has no end the learner's own enrolment is, and NULL before. The course's total and completion
    count as they are known today, since final marks come after the last day. NULL too in courses
    that neither complete anyone nor have a total for anyone: nobody can tell there who finished.
    Leaves out nobody: learners who left are those that this is about.
#}
{#- Who comes is told by the learner's weeks; today's marks are of no week. -#}
{{ config(meta={'changed_from': {
    'rows': 'cast(null as date)',
    'columns': {
        'is_current': none, 'is_completed': none, 'is_absent_in_last_quarter': none,
        'final_grade_share': none,
    },
}}) }}
{% set last_quarter_on = add_days(
    'ends.start_on', '0.75 * ' ~ days_between('ends.start_on', 'ends.end_on')
) %}

with learner_courses as (

    select * from {{ ref('int_learner_courses') }}

),

-- A course whose end is not after its start has none.
courses as (

    select
        course_id,
        end_at,
        {{ local_date('start_at') }} as start_on,
        {{ local_date('end_at') }} as end_on
    from {{ ref('stg_moodle__courses') }}
    where coalesce(start_at < end_at, end_at is not null)

),

completions as (

    select
        user_id as learner_id,
        course_id,
        min(completed_at) as completed_at
    from {{ ref('stg_moodle__course_completions') }}
    where completed_at is not null
    group by user_id, course_id

),

totals as (

    select
        learner_id,
        course_id,
        grade_item_id,
        grade_share
    from {{ ref('int_grade_changes') }}
    where item_type = 'course' and to_week is null and grade_share is not null

),

total_items as (

    select
        grade_item_id,
        {{ share_of_range('grade_pass', 'grade_min', 'grade_max') }} as pass_share
    from {{ ref('int_grade_item_versions') }}
    where item_type = 'course' and to_week is null and grade_pass <= grade_max

),

log_range as (

    select
        min(case when is_observed then week_start end) as first_week,
        max(observed_until_at) as last_log_at
    from {{ ref('int_weeks') }}

),

final_totals as (

    select
        totals.learner_id,
        totals.course_id,
        max(totals.grade_share) as final_grade_share,
        {{ bool_or(
            'totals.grade_share >= coalesce(total_items.pass_share, '
            ~ var('grade_struggling') ~ ')'
        ) }} as is_passed
    from totals
    left join total_items
        on totals.grade_item_id = total_items.grade_item_id
    group by totals.learner_id, totals.course_id

),

ends as (

    select
        learner_courses.learner_id,
        learner_courses.course_id,
        learner_courses.is_current,
        learner_courses.last_event_on,
        courses.start_on,
        courses.end_on,
        least(
            courses.end_at,
            case
                when learner_courses.is_current then learner_courses.enrolment_ends_at
            end
        ) as ends_at,
        coalesce(courses.end_at, learner_courses.enrolment_ends_at) as outcome_at
    from learner_courses
    left join courses
        on learner_courses.course_id = courses.course_id

),

joined as (

    select
        ends.learner_id,
        ends.course_id,
        ends.is_current,
        completions.completed_at is not null as is_completed,
        coalesce(final_totals.is_passed, false) as is_passed,
        max(
            case
                when
                    completions.completed_at is not null
                    or final_totals.final_grade_share is not null
                    then 1
                else 0
            end
        ) over (partition by ends.course_id) = 1 as is_judged_course,
        case
            when log_range.first_week <= {{ last_quarter_on }}
                then coalesce(ends.last_event_on < {{ last_quarter_on }}, true)
        end as is_absent_in_last_quarter,
        final_totals.final_grade_share,
        completions.completed_at,
        ends.ends_at,
        case when ends.outcome_at <= log_range.last_log_at then ends.outcome_at end
            as outcome_at
    from ends
    cross join log_range
    left join completions
        on
            ends.learner_id = completions.learner_id
            and ends.course_id = completions.course_id
    left join final_totals
        on
            ends.learner_id = final_totals.learner_id
            and ends.course_id = final_totals.course_id

),

final as (

    select
        learner_id,
        course_id,
        is_current,
        is_completed,
        case
            when outcome_at is not null and is_judged_course
                then not is_completed and not is_passed
        end as did_not_complete,
        case when outcome_at is not null then is_absent_in_last_quarter end
            as is_absent_in_last_quarter,
        cast(final_grade_share as numeric(20, 6)) as final_grade_share,
        completed_at,
        ends_at,
        outcome_at
    from joined

)

select * from final
