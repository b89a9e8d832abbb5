{#
    The SQL that a table is filled from: the model's own (`sql`), or while the var import_schema names
    a schema, the rows that wait there under the model's name, built by another engine. All else is as
    in any build: contract, keys, tests, publication.
#}
{% macro imported(sql) -%}
    {%- if not var('import_schema') -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- do columns.append(
            'cast(' ~ name ~ ' as ' ~ column.data_type ~ ') as ' ~ name if column.data_type else name
        ) -%}
    {%- endfor -%}
    {{ return(
        'select ' ~ columns | join(', ')
        ~ ' from ' ~ adapter.quote(var('import_schema')) ~ '.' ~ adapter.quote(model.alias)
    ) }}
{%- endmacro %}
