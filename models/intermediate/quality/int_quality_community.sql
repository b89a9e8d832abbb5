{#
    One row per check of the forums: how many posts a check concerns, and of how many. Posts that
    were deleted are left out, as everywhere.
#}
{% set checks = [
    'orphaned_posts', 'posts_by_non_members', 'posts_without_word_count',
    'replies_to_gone_posts',
] %}
{% set without_roles = 'not ' ~ has_moodle_table('role_assignments') | trim %}

with stored_posts as (

    select discussion_id
    from {{ ref('stg_moodle__forum_posts') }}
    where not coalesce(is_deleted, false)

),

discussions as (

    select discussion_id from {{ ref('stg_moodle__forum_discussions') }}

),

posts as (

    select * from {{ ref('int_forum_posts') }}

),

members as (

    select
        learner_id as user_id,
        course_id
    from {{ ref('int_learner_courses') }}
    union
    select
        user_id,
        course_id
    from {{ ref('int_course_roles') }}

),

orphans_summed as (

    select
        {{ count_if('discussions.discussion_id is null') }} as orphaned_posts_count,
        count(*) as orphaned_posts_total
    from stored_posts
    left join discussions
        on stored_posts.discussion_id = discussions.discussion_id

),

posts_summed as (

    select
        {{ count_if('members.user_id is null') }} as posts_by_non_members_count,
        {{ count_if('posts.word_count is null') }} as posts_without_word_count_count,
        {{ count_if(
            'posts.parent_post_id is not null and posts.parent_author_id is null'
        ) }} as replies_to_gone_posts_count,
        count(*) as post_count,
        {{ count_if('posts.parent_post_id is not null') }}
            as replies_to_gone_posts_total
    from posts
    left join members
        on posts.author_id = members.user_id and posts.course_id = members.course_id

),

measured as (

    select
        orphans_summed.orphaned_posts_count,
        posts_summed.posts_by_non_members_count,
        posts_summed.posts_without_word_count_count,
        posts_summed.replies_to_gone_posts_count,
        orphans_summed.orphaned_posts_total,
        posts_summed.post_count as posts_by_non_members_total,
        posts_summed.post_count as posts_without_word_count_total,
        posts_summed.replies_to_gone_posts_total
    from orphans_summed
    cross join posts_summed

),

final as (

    {{ check_rows('measured', checks, unless={
        'posts_by_non_members': without_roles,
    }) }}

)

select * from final
