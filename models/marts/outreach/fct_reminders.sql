{#
    One row per learner, activity, offset and deadline: the queue of reminders, each with its text in
    the learner's language where the templates have it, and with what became of it. A deadline that
    is moved to another date is a new promise, and may be reminded of again.
    Leaves out what int_reminders_due leaves out. To send them: moodle-analytics remind.
#}
with reminders as (

    select * from {{ ref('int_reminders_due') }}

),

courses as (

    select
        course_id,
        course_name
    from {{ ref('dim_courses') }}

),

templates as (

    select * from {{ ref('message_templates') }}

),

messages as (

    select
        queue_id,
        delivery_state,
        delivered_at
    from {{ ref('stg_outreach__messages') }}
    where message_kind = 'reminder'

),

languages as (

    select distinct language from templates

),

spoken as (

    select
        *,
        {{ main_language('language') }} as main_language
    from reminders

),

written as (

    select
        spoken.reminder_id,
        spoken.learner_id,
        spoken.course_id,
        spoken.course_module_id,
        spoken.offset_code,
        spoken.submission_state,
        courses.course_name,
        spoken.activity_name,
        coalesce(languages.language, '{{ var("outreach_language") }}') as language,
        spoken.timezone,
        {{ local_time_text('spoken.due_at', 'spoken.timezone') }} as due_text,
        spoken.due_at,
        spoken.send_at,
        spoken.expires_at
    from spoken
    inner join courses
        on spoken.course_id = courses.course_id
    left join languages
        on spoken.main_language = languages.language

),

final as (

    select
        written.reminder_id,
        written.learner_id,
        written.course_id,
        written.course_module_id,
        written.offset_code,
        written.submission_state,
        written.course_name,
        written.activity_name,
        written.language,
        written.timezone,
        {%- for part in {'subject': 'subject', 'body': 'message'}.items() %}
        {{ fill_in('templates.' ~ part[0], {
            'activity': 'written.activity_name',
            'course': 'written.course_name',
            'due': 'written.due_text',
        }) }} as {{ part[1] }},
        {%- endfor %}
        messages.delivery_state,
        written.due_at,
        written.send_at,
        written.expires_at,
        messages.delivered_at
    from written
    inner join templates
        on
            'reminder_' || written.submission_state = templates.template_code
            and written.language = templates.language
    left join messages
        on written.reminder_id = messages.queue_id

)

select * from final
