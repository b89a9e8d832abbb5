-- Who replies to whom in the forums, how often, how soon, and is it returned?
-- People are shown by their ids, as staff are among them. Replies to oneself are left
-- out.
with pairs as (

    select
        course_id,
        replier_id,
        replied_to_id,
        is_replier_learner,
        is_replied_to_learner,
        count(*) as reply_count,
        percentile_cont(0.5) within group (order by hours_to_reply)
            as median_hours_to_reply
    from {{ ref('fct_forum_replies') }}
    where not is_self_reply
    group by
        course_id, replier_id, replied_to_id, is_replier_learner, is_replied_to_learner

)

select
    courses.course_short_name,
    pairs.replier_id,
    pairs.replied_to_id,
    pairs.is_replier_learner,
    pairs.is_replied_to_learner,
    pairs.reply_count,
    coalesce(returned.reply_count, 0) as returned_count,
    round(cast(pairs.median_hours_to_reply as numeric), 1) as median_hours_to_reply
from pairs
inner join {{ ref('dim_courses') }} as courses
    on pairs.course_id = courses.course_id
left join pairs as returned
    on
        pairs.course_id = returned.course_id
        and pairs.replier_id = returned.replied_to_id
        and pairs.replied_to_id = returned.replier_id
order by
    pairs.reply_count desc,
    courses.course_short_name asc,
    pairs.replier_id asc,
    pairs.replied_to_id asc
