{#
    Incremental strategy: what came stands in for the rows of the same ids. Removed rows stay beside
    those that have taken their ids.
#}
{% macro get_incremental_replace_events_sql(arg_dict) -%}
    {%- set new = arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }}
    where
        event_id >= (select min(event_id) from {{ new }})
        and event_id in (select event_id from {{ new }})
        and not is_removed;
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ new }}
{%- endmacro %}
