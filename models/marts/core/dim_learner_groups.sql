{#
    One row per course and group of its learners: everyone, Moodle's groups of the course, and site
    cohorts with members in the course. Groups of fewer than min_group_size learners are marked:
    the marts of activities, hours and deadlines leave them out; everyone is never left out.
    Leaves out groups without a learner.
#}
{{ config(meta={'changed_from': {'columns': {'learner_count': none}}}) }}

with learner_groups as (

    select * from {{ ref('fct_learner_groups') }}

),

final as (

    select
        course_id,
        learner_group_id,
        course_short_name,
        course_name,
        learner_group,
        learner_group_kind,
        learner_group_kind <> 'all'
        and count(*) < {{ var('min_group_size') }} as is_suppressed,
        cast(count(*) as integer) as learner_count
    from learner_groups
    group by
        course_id, learner_group_id, course_short_name, course_name, learner_group,
        learner_group_kind

)

select * from final
