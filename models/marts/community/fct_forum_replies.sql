{#
    One row per post that answers another in a course's forum: who replied to whom, learners and staff
    alike. Leaves out deleted posts, posts that begin a discussion, and replies to a post that is gone,
    of which nobody can tell whose it was. Private replies are replies.
#}
with replies as (

    select * from {{ ref('int_forum_posts') }}
    where parent_author_id is not null

),

learner_courses as (

    select
        learner_id,
        course_id
    from {{ ref('int_learner_courses') }}

),

final as (

    select
        replies.post_id as reply_post_id,
        replies.course_id,
        replies.forum_id,
        replies.discussion_id,
        replies.author_id as replier_id,
        replies.parent_author_id as replied_to_id,
        replies.author_id = replies.parent_author_id as is_self_reply,
        repliers.learner_id is not null as is_replier_learner,
        replied_to.learner_id is not null as is_replied_to_learner,
        replies.week_start,
        cast(
            {{ hours_between('replies.parent_created_at', 'replies.created_at') }}
            as numeric(12, 2)
        ) as hours_to_reply,
        replies.created_at as replied_at
    from replies
    left join learner_courses as repliers
        on
            replies.author_id = repliers.learner_id
            and replies.course_id = repliers.course_id
    left join learner_courses as replied_to
        on
            replies.parent_author_id = replied_to.learner_id
            and replies.course_id = replied_to.course_id

)

select * from final
