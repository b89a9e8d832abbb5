{#
    What is this? Content, assessment, forum and other events make event_count, no part is negative, and no
    part of a week is more than the whole.
    When does it matter? A kind that the split does not know would make "other" wrong or negative.
    How to resolve: look at the activity_kind values of int_event_types_seen.
#}
select
    learner_id,
    course_id,
    week_start
from {{ ref('fct_weekly_engagement') }}
where
    content_event_count + assessment_event_count + forum_event_count + other_event_count
    <> event_count
    or other_event_count < 0
    or participating_event_count > event_count
    or view_count + submission_count + quiz_attempt_count + forum_post_count
    > event_count
    or forum_view_count + forum_post_count > forum_event_count
    or active_day_count > 7
    or (active_day_count = 0) <> (event_count = 0)
    or new_activity_count > distinct_activity_count
