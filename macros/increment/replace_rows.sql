{#
    The statements of an increment, one after the other in the transaction of the model: rows that
    `condition` names go, or all where the model is made whole (`is_increment` is false); new ones come.
#}
{% macro replace_rows(arg_dict, condition, is_increment) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} as target
    {%- if is_increment %}
    where {{ condition }}
    {%- endif %};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
