{#
    SQL that makes a model's table, empty, as its YAML says: columns with their types and constraints,
    indexes, descriptions. `types` are for columns whose type the YAML does not give.
#}
{% macro import_table(node, types) -%}
    {%- set place = adapter.quote(import_schema()) ~ '.' ~ adapter.quote(node.alias) -%}
    {%- set lines = [] -%}
    {%- for column in node.columns.values() -%}
        {%- set kinds = column.constraints | map(attribute='type') | map('string') | list -%}
        {%- do lines.append(
            adapter.quote(column.name) ~ ' ' ~ (column.data_type or types[column.name])
            ~ (' not null' if 'not_null' in kinds)
            ~ (' primary key' if 'primary_key' in kinds)
        ) -%}
    {%- endfor -%}
    {%- for constraint in node.constraints if constraint.type | string == 'primary_key' -%}
        {%- do lines.append('primary key (' ~ constraint.columns | join(', ') ~ ')') -%}
    {%- endfor -%}
create table {{ place }} (
    {{ lines | join(',\n    ') }}
);
comment on table {{ place }} is {{ sql_string(node.description) }}
    {%- for column in node.columns.values() %};
comment on column {{ place }}.{{ adapter.quote(column.name) }}
is {{ sql_string(column.description) }}
    {%- endfor -%}
    {%- for index in node.config.get('indexes') or [] %};
create {{ 'unique' if index.unique }} index on {{ place }} ({{ index.columns | join(', ') }})
    {%- endfor -%}
{%- endmacro %}
