{#
    Incremental strategy: a user of int_changed_users is computed anew from a week on. config.meta of
    the model says in user_column which column is the user.
#}
{% macro get_incremental_replace_user_weeks_sql(arg_dict) -%}
    {{ moodle_analytics.replace_rows(
        arg_dict,
        'exists (select from ' ~ ref('int_changed_users') ~ ' as changed'
        ~ ' where changed.user_id = target.' ~ config.get('meta')['user_column']
        ~ ' and changed.week_start <= target.week_start)'
    ) }}
{%- endmacro %}
