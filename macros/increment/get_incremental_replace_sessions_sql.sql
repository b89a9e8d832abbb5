{# Incremental strategy: a user of int_changed_users is computed anew from a session on. #}
{% macro get_incremental_replace_sessions_sql(arg_dict) -%}
    {{ moodle_analytics.replace_rows(
        arg_dict,
        'exists (select from ' ~ ref('int_changed_users') ~ ' as changed'
        ~ ' where changed.user_id = target.user_id'
        ~ ' and changed.session_start_epoch <= target.session_start_epoch)'
    ) }}
{%- endmacro %}
