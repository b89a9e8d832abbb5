{#
    One row per learner and activity of which something was handed in: when first, and how often.
    From submissions of the learner or of the learner's team, finished attempts at a quiz that are
    no preview, and posts in a forum with a date; where this site has no such table, or for other
    activities, from the first submission in the log. Never from the state of completion.
    Leaves out drafts, unfinished and abandoned attempts, and users who are no learners.
#}
with activities as (

    select * from {{ ref('int_assessable_activities') }}

),

memberships as (

    select * from {{ ref('int_group_memberships') }}

),

submissions as (

    select * from {{ ref('stg_moodle__assignment_submissions') }}
    where status = 'submitted'

),

attempts as (

    select * from {{ ref('stg_moodle__quiz_attempts') }}
    where state in ('finished', 'submitted') and not coalesce(is_preview, false)

),

posts as (

    select * from {{ ref('int_forum_posts') }}

),

activity_weeks as (

    select * from {{ ref('int_learner_activity_weeks') }}
    where course_module_id > 0 and first_submitted_at is not null

),

learner_courses as (

    select distinct
        learner_id,
        course_id
    from memberships

),

of_instances as (

    select
        'assign' as module_name,
        assignment_id as instance_id,
        user_id,
        coalesce(modified_at, created_at) as submitted_at
    from submissions
    where coalesce(user_id, 0) > 0
    union all
    select
        'quiz' as module_name,
        quiz_id as instance_id,
        user_id,
        coalesce(finished_at, modified_at) as submitted_at
    from attempts
    union all
    select
        'forum' as module_name,
        forum_id as instance_id,
        author_id as user_id,
        created_at as submitted_at
    from posts

),

from_tables as (

    select
        of_instances.user_id as learner_id,
        activities.course_id,
        activities.course_module_id,
        of_instances.submitted_at
    from of_instances
    inner join activities
        on
            of_instances.module_name = activities.module_name
            and of_instances.instance_id = activities.instance_id
    where activities.is_item
    union all
    select
        memberships.learner_id,
        activities.course_id,
        activities.course_module_id,
        coalesce(submissions.modified_at, submissions.created_at) as submitted_at
    from submissions
    inner join activities
        on
            submissions.assignment_id = activities.instance_id
            and activities.module_name = 'assign'
            and activities.is_team_submission
    inner join memberships
        on
            coalesce(submissions.group_id, 0) = memberships.group_id
            and activities.course_id = memberships.course_id
    where coalesce(submissions.user_id, 0) = 0

),

from_log as (

    select
        activity_weeks.learner_id,
        activities.course_id,
        activities.course_module_id,
        activity_weeks.first_submitted_at as submitted_at
    from activity_weeks
    inner join activities
        on activity_weeks.course_module_id = activities.course_module_id
    where not activities.has_submission_table

),

hand_ins as (

    select
        learner_id,
        course_id,
        course_module_id,
        submitted_at,
        true as is_counted
    from from_tables
    union all
    select
        learner_id,
        course_id,
        course_module_id,
        submitted_at,
        false as is_counted
    from from_log

),

first_hand_ins as (

    select
        learner_id,
        course_id,
        course_module_id,
        -- The log of a week tells its first submission, not their number.
        case when {{ bool_or('is_counted') }} then count(*) end as attempt_count,
        min(submitted_at) as submitted_at
    from hand_ins
    where submitted_at is not null
    group by learner_id, course_id, course_module_id

),

final as (

    select
        {{ row_key([
            'first_hand_ins.learner_id',
            'first_hand_ins.course_module_id'
        ]) }} as hand_in_id,
        first_hand_ins.learner_id,
        first_hand_ins.course_id,
        first_hand_ins.course_module_id,
        activities.instance_id,
        activities.module_name,
        activities.is_visible,
        first_hand_ins.attempt_count,
        first_hand_ins.submitted_at
    from first_hand_ins
    inner join learner_courses
        on
            first_hand_ins.learner_id = learner_courses.learner_id
            and first_hand_ins.course_id = learner_courses.course_id
    inner join activities
        on first_hand_ins.course_module_id = activities.course_module_id

)

select * from final
