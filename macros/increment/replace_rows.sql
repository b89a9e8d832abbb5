{#
    The statements of an increment, one after the other in the transaction of the model: rows of
    `target` that `condition` names go, new ones come.
#}
{% macro replace_rows(arg_dict, condition) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} as target
    where {{ condition }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
