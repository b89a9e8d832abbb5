{#
    What is this? A learner's posts, and the replies of others to them, up to the learner's last week
    are those of that week's figures to date.
    When does it matter? A post that is lost or counted twice makes somebody look isolated, or not.
    How to resolve: look at the first weeks in int_learner_week_community, and at posts without a time.
#}
with last_weeks as (

    select
        learner_id,
        course_id,
        max(week_start) as week_start
    from {{ ref('int_learner_course_weeks') }}
    group by learner_id, course_id

),

posts as (

    select * from {{ ref('int_forum_posts') }}

),

written as (

    select
        last_weeks.learner_id,
        last_weeks.course_id,
        last_weeks.week_start,
        count(posts.post_id) as post_count
    from last_weeks
    left join posts
        on
            last_weeks.learner_id = posts.author_id
            and last_weeks.course_id = posts.course_id
            and coalesce(posts.week_start <= last_weeks.week_start, true)
    group by last_weeks.learner_id, last_weeks.course_id, last_weeks.week_start

),

expected as (

    select
        written.learner_id,
        written.course_id,
        written.week_start,
        written.post_count,
        count(posts.post_id) as reply_count
    from written
    left join posts
        on
            written.learner_id = posts.parent_author_id
            and written.learner_id <> posts.author_id
            and written.course_id = posts.course_id
            and coalesce(posts.week_start <= written.week_start, true)
    group by
        written.learner_id, written.course_id, written.week_start, written.post_count

)

select
    expected.learner_id,
    expected.course_id,
    expected.post_count,
    community.cumulative_forum_post_count,
    expected.reply_count,
    community.cumulative_reply_received_count
from expected
left join {{ ref('int_learner_week_community') }} as community
    on
        expected.learner_id = community.learner_id
        and expected.course_id = community.course_id
        and expected.week_start = community.week_start
where
    expected.post_count <> coalesce(community.cumulative_forum_post_count, -1)
    or expected.reply_count <> coalesce(community.cumulative_reply_received_count, -1)
