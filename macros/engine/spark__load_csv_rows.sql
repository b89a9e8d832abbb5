{#
    Loads a seed on Spark, in place of the adapter's own macro, which writes quotes, backslashes and
    empty cells into the SQL as they are.
#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set tuples = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set cells = [] -%}
        {%- for value in row -%}
            {%- set type = types.get(
                agate_table.column_names[loop.index0],
                adapter.convert_type(agate_table, loop.index0)
            ) -%}
            {%- do cells.append('cast(' ~ moodle_analytics.spark_string(value) ~ ' as ' ~ type ~ ')') -%}
        {%- endfor -%}
        {%- do tuples.append('(' ~ cells | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if tuples -%}
        {%- set sql = 'insert into ' ~ this ~ ' values ' ~ tuples | join(', ') -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
        {{ return(sql) }}
    {%- endif -%}
{%- endmacro %}
