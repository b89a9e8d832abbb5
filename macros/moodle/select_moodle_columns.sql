{#
    The one place that knows of Moodle's drift. Selects `columns` (name: type) of a source table;
    a column that this site does not have becomes a typed NULL, an optional table that it does not
    have an empty relation of the same columns. A missing core table is an error that names it.
#}
{% macro select_moodle_columns(
    table, columns, required=['id'], is_optional=false, source_name='moodle'
) %}
    {%- set relation = source(source_name, table) -%}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- for name in moodle_analytics.column_names(relation) -%}
            {%- do found.update({name | lower: name}) -%}
        {%- endfor -%}
        {%- if not is_optional -%}
            {{- moodle_analytics.check_core_table(relation, found, required) -}}
        {%- elif found -%}
            {{- moodle_analytics.check_required_columns(relation, found, required) -}}
        {%- endif -%}
    {%- else -%}
        {%- for name in columns -%}
            {%- do found.update({name | lower: name}) -%}
        {%- endfor -%}
    {%- endif -%}
    select
        {%- for name, type in columns.items() %}
        {%- if name | lower in found %}
        cast(
            {{ adapter.quote(found[name | lower]) }} as {{ moodle_analytics.source_type(type) }}
        ) as {{ name | lower }}
        {%- else %}
        cast(null as {{ moodle_analytics.source_type(type) }}) as {{ name | lower }}
        {%- endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    {%- if found %}
    from {{ relation }}
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}
