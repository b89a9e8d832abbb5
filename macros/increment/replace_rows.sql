{#
    The statements of an increment, one after the other in the transaction of the model: rows of
    `target` that `condition` names become those of the temporary table.
#}
{% macro replace_rows(arg_dict, condition) -%}
    {{ moodle_analytics.take_differing(
        arg_dict['target_relation'],
        arg_dict['temp_relation'],
        arg_dict['dest_columns'] | map(attribute='name') | list,
        condition
    ) }}
{%- endmacro %}
