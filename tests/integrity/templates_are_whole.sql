{#
    What is this? Every language of message_templates has every piece of text, and the language of
    the var outreach_language is among them.
    When does it matter? A message whose text is missing would not be in the queue at all.
    How to resolve: add the rows to the seed, or name another language.
#}
with languages as (

    select distinct language from {{ ref('message_templates') }}
    union
    select '{{ var("outreach_language") }}' as language

),

codes as (

    select distinct template_code from {{ ref('message_templates') }}

)

select
    languages.language,
    codes.template_code
from languages
cross join codes
left join {{ ref('message_templates') }} as templates
    on
        languages.language = templates.language
        and codes.template_code = templates.template_code
where templates.template_code is null
