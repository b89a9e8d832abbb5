{#
    One row per learner, course and week whose feedback was sent or taken up to be sent.
    Leaves out messages of other kinds.
#}
with messages as (

    select * from {{ ref('stg_outreach__messages') }}

),

final as (

    select
        queue_id as feedback_id,
        learner_id,
        course_id,
        week_start,
        delivery_state,
        delivered_at
    from messages
    where message_kind = 'feedback'

)

select * from final
