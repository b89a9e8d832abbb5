{#
    Every date of a range: a query with the column calendar_date. `relation` has one row with the
    columns first_date and last_date; NULL dates give no row.
#}
{% macro date_range(relation) -%}
    {{ return(adapter.dispatch('date_range', 'moodle_analytics')(relation)) }}
{%- endmacro %}


{% macro default__date_range(relation) -%}
    select {{ relation }}.first_date + steps.step as calendar_date
    from {{ relation }}
    cross join
        lateral generate_series(
            0, {{ relation }}.last_date - {{ relation }}.first_date
        ) as steps (step)
{%- endmacro %}


{% macro spark__date_range(relation) -%}
    select explode(sequence({{ relation }}.first_date, {{ relation }}.last_date)) as calendar_date
    from {{ relation }}
    where {{ relation }}.first_date is not null
{%- endmacro %}
