{# SQL that gives a filled table the keys and constraints of the model's contract, in one go. #}
{% macro constraints(relation) -%}
    {%- set changes = [] -%}
    {%- for column in model.columns.values() -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- for constraint in column.constraints -%}
            {%- if constraint.type == 'not_null' -%}
                {%- do changes.append('alter ' ~ name ~ ' set not null') -%}
            {%- elif constraint.type in ('primary_key', 'unique') -%}
                {%- do changes.append('add ' ~ constraint.type | replace('_', ' ') ~ ' (' ~ name ~ ')') -%}
            {%- else -%}
                {%- do exceptions.raise_compiler_error(
                    model.name ~ '.' ~ column.name ~ ': write its constraint ' ~ constraint.type
                    ~ ' under the model, not under the column.'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=model.constraints) -%}
        {%- do changes.append('add ' ~ constraint) -%}
    {%- endfor -%}
    {%- if changes -%}
    alter table {{ relation }} {{ changes | join(', ') }};
    {%- endif -%}
{%- endmacro %}
