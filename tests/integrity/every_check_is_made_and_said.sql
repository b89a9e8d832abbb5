{#
    What is this? Fails on checks that were made without a sentence, or whose sentence still has a name in
    braces.
    When does it matter? A check without a row in the seed data_quality_checks is lost without a word.
    How to resolve: give the check a row in seeds/data_quality_checks.csv, with names that the mart fills in.
#}
with checks as (

    select check_code from {{ ref('int_quality_checks') }}

),

told as (

    select
        check_code,
        sentence
    from {{ ref('fct_data_quality') }}

)

select
    checks.check_code,
    told.sentence
from checks
left join told
    on checks.check_code = told.check_code
where
    told.check_code is null
    or position('{{ "{" }}' in told.sentence) > 0
