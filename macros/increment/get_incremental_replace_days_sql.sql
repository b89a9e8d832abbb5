{# Incremental strategy: a date of int_changed_days is counted anew, all of it. #}
{% macro get_incremental_replace_days_sql(arg_dict) -%}
    {{ moodle_analytics.replace_rows(
        arg_dict,
        "coalesce(occurred_on, '-infinity') in (select coalesce(occurred_on, '-infinity') from "
        ~ ref('int_changed_days') ~ ')'
    ) }}
{%- endmacro %}
