{#
    One row per post in a course's forum that has not been deleted, with the author of the post that it
    answers. Leaves out deleted posts, posts whose discussion and forum are gone, and the site's own
    forums. Whom a reply answers is told even where that post was deleted later: the reply stands,
    and so does that it was made.
#}
with all_posts as (

    select * from {{ ref('stg_moodle__forum_posts') }}

),

discussions as (

    select
        discussion_id,
        course_id,
        forum_id
    from {{ ref('stg_moodle__forum_discussions') }}

),

forums as (

    select
        forum_id,
        course_id
    from {{ ref('stg_moodle__forums') }}

),

places as (

    select
        discussions.discussion_id,
        discussions.forum_id,
        coalesce(forums.course_id, discussions.course_id) as course_id
    from discussions
    left join forums
        on discussions.forum_id = forums.forum_id

),

final as (

    select
        posts.post_id,
        places.course_id,
        places.forum_id,
        posts.discussion_id,
        posts.parent_post_id,
        posts.user_id as author_id,
        parents.user_id as parent_author_id,
        posts.parent_post_id is null as is_discussion_start,
        coalesce(posts.private_reply_to_user_id, 0) > 0 as is_private,
        posts.word_count,
        {{ week_start(local_date('posts.created_at')) }} as week_start,
        posts.created_at,
        parents.created_at as parent_created_at
    from all_posts as posts
    inner join places
        on posts.discussion_id = places.discussion_id
    left join all_posts as parents
        on posts.parent_post_id = parents.post_id
    where places.course_id > 1 and not coalesce(posts.is_deleted, false)

)

select * from final
