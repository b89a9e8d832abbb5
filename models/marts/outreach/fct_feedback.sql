{#
    One row per learner, course and week with an active enrolment: feedback that a learner may be
    sent, in plain sentences of the seed message_templates, in the learner's language where the seed
    has it. It holds the status, up to two reasons, one praise, the next deadline, the median of the
    peers where they are min_group_size or more, and a next step. A comparison with fewer is never
    drawn. Grades are never spoken of while
    any of the learner's grades is hidden. Leaves out weeks whose status is unknown.
    To send them: moodle-analytics feedback.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set reasons = ['reason_1', 'reason_2'] %}

with progress as (

    select * from {{ ref('fct_weekly_progress') }}
    where
        status <> 'unknown'
        and {{ of_changed_weeks('course_id', 'week_start') }}

),

cohorts as (

    select
        course_id,
        week_start,
        active_day_count_median
    from {{ ref('fct_weekly_cohorts') }}

),

deadlines as (

    select * from {{ ref('int_learner_week_next_deadlines') }}

),

learners as (

    select
        learner_id,
        timezone,
        {{ main_language('language') }} as language
    from {{ ref('dim_learners') }}

),

templates as (

    select * from {{ ref('message_templates') }}

),

messages as (

    select * from {{ ref('int_feedback_messages') }}

),

languages as (

    select distinct language from templates

),

chosen as (

    select
        {{ row_key([
            'progress.learner_id', 'progress.course_id', 'progress.week_start'
        ]) }} as feedback_id,
        progress.learner_id,
        progress.course_id,
        progress.week_start,
        coalesce(progress.course_name, progress.course_short_name) as course_name,
        progress.status,
        progress.raw_status,
        coalesce(languages.language, '{{ var("outreach_language") }}') as language,
        {%- for reason in reasons %}
        progress.{{ reason }},
        case
            when
                progress.status <> 'completed'
                and (
                    progress.{{ reason }}_matter <> 'grades'
                    or progress.hidden_graded_item_count = 0
                )
                and (
                    progress.{{ reason }}_matter <> 'engagement'
                    or cohorts.active_day_count_median is not null
                )
                then progress.{{ reason }}_matter
        end as {{ reason }}_matter,
        progress.{{ reason }}_value,
        {%- endfor %}
        case
            when progress.new_completed_activity_count > 0 then 'praise_completed'
            when progress.forum_post_count > 0 then 'praise_posts'
            when progress.active_day_count >= {{ var('praised_active_days') }}
                then 'praise_active_days'
            when progress.grade_trend > 0 and progress.hidden_graded_item_count = 0
                then 'praise_grade'
            when progress.on_time_share = 1 then 'praise_on_time'
            when progress.participating_event_count > 0 then 'praise_active'
        end as praise_code,
        case
            when progress.new_completed_activity_count > 0
                then progress.new_completed_activity_count
            else progress.active_day_count
        end as praise_value,
        progress.active_day_count,
        cohorts.active_day_count_median as peer_median_active_days,
        deadlines.next_activity_name,
        {{ local_time_text('deadlines.next_due_at', 'learners.timezone') }}
            as next_due_text,
        deadlines.next_due_at
    from progress
    inner join learners
        on progress.learner_id = learners.learner_id
    left join languages
        on learners.language = languages.language
    left join cohorts
        on
            progress.course_id = cohorts.course_id
            and progress.week_start = cohorts.week_start
    left join deadlines
        on
            progress.learner_id = deadlines.learner_id
            and progress.course_id = deadlines.course_id
            and progress.week_start = deadlines.week_start

),

coded as (

    select
        *,
        -- A status held over from last week is no news to the learner.
        'status_' || raw_status as status_code,
        {%- for reason in reasons %}
        'reason_' || {{ reason }}_matter as {{ reason }}_code,
        {%- endfor %}
        case when next_due_at is not null then 'next_deadline' end
            as next_deadline_code,
        case
            when
                peer_median_active_days > 0
                and status not in ('completed', 'never_started')
                then 'peers'
        end as peers_code,
        case
            when raw_status = 'completed' then null
            when raw_status = 'never_started' then 'step_start'
            else coalesce('step_' || coalesce(reason_1_matter, reason_2_matter), '')
        end as asked_step_code
    from chosen

),

written as (

    select
        coded.feedback_id,
        coded.learner_id,
        coded.course_id,
        coded.week_start,
        coded.status,
        coded.reason_1,
        coded.reason_2,
        coded.language,
        coded.peer_median_active_days,
        coded.next_activity_name,
        {{ fill_in('status_texts.subject', {
            'course': 'coded.course_name'
        }) }} as subject,
        {{ fill_in('status_texts.body', {'course': 'coded.course_name'}) }}
            as status_text,
        {%- for reason in reasons %}
        {{ fill_in(reason ~ '_texts.body', {
            'value': whole_number('coded.' ~ reason ~ '_value'),
            'percent': whole_number('100 * coded.' ~ reason ~ '_value'),
        }) }} as {{ reason }}_text,
        {%- endfor %}
        {{ fill_in('praise_texts.body', {
            'value': whole_number('coded.praise_value')
        }) }} as praise,
        {{ fill_in('next_deadline_texts.body', {
            'activity': 'coded.next_activity_name',
            'due': 'coded.next_due_text',
        }) }} as next_deadline_text,
        {{ fill_in('peers_texts.body', {
            'value': "replace("
            ~ one_decimal('coded.peer_median_active_days') ~ ", '.0', '')",
            'own': whole_number('coded.active_day_count'),
        }) }} as peers_text,
        coalesce(
            next_step_texts.body,
            case when coded.status <> 'completed' then go_on_texts.body end
        ) as next_step,
        coded.next_due_at
    from coded
    inner join templates as status_texts
        on
            coded.status_code = status_texts.template_code
            and coded.language = status_texts.language
    {%- for part in reasons + ['praise', 'next_deadline', 'peers'] %}
    left join templates as {{ part }}_texts
        on
            coded.{{ part }}_code = {{ part }}_texts.template_code
            and coded.language = {{ part }}_texts.language
    {%- endfor %}
    left join templates as next_step_texts
        on
            coded.asked_step_code = next_step_texts.template_code
            and coded.language = next_step_texts.language
    left join templates as go_on_texts
        on
            go_on_texts.template_code = 'step_go_on'
            and coded.language = go_on_texts.language

),

final as (

    select
        written.feedback_id,
        written.learner_id,
        written.course_id,
        written.week_start,
        written.status,
        written.reason_1,
        written.reason_2,
        written.language,
        written.praise,
        written.next_activity_name,
        written.next_step,
        written.subject,
        {{ joined_lines([
            'written.status_text', 'written.reason_1_text', 'written.reason_2_text',
            'written.praise', 'written.next_deadline_text', 'written.peers_text',
            'written.next_step',
        ]) }} as message,
        messages.delivery_state,
        cast(written.peer_median_active_days as numeric(5, 2))
            as peer_median_active_days,
        written.next_due_at,
        messages.delivered_at
    from written
    left join messages
        on written.feedback_id = messages.feedback_id

)

select * from final
