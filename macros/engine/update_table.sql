{#
    Brings a table that is there up to what `sql` gives, by an incremental strategy, or with none by
    the rows of the whole table that differ. One of other columns is made anew.
#}
{% macro update_table(relation, sql, strategy) -%}
    {%- set new_rows = make_temp_relation(relation) -%}
    {%- call statement('main') -%}
        {#- How many rows the changed weeks hold is beyond the planner: loops for few would take for ever. -#}
        {%- if config.get('incremental_strategy') in ('replace_weeks', 'replace_learner_weeks') %}
        set local enable_nestloop = off;
        {%- endif %}
        create temporary table {{ new_rows }} on commit drop as (
            {{ moodle_analytics.contracted(sql) if config.get('contract').enforced else sql }}
        )
    {%- endcall -%}
    {%- set columns = moodle_analytics.column_names(relation) -%}
    {%- if strategy -%}
        {%- set targets = [] -%}
        {%- for name in columns -%}
            {%- do targets.append(api.Column.create(name, 'text')) -%}
        {%- endfor -%}
        {%- call statement('take_in') -%}
            {{ strategy({
                'target_relation': relation,
                'temp_relation': new_rows,
                'unique_key': config.get('unique_key'),
                'dest_columns': targets,
                'incremental_predicates': config.get('incremental_predicates'),
            }) }}
        {%- endcall -%}
        {%- if config.get('contract').enforced -%}
            {#- Who is told of a mart's rows wants all of them, not those computed anew. -#}
            {%- set row_count = run_query('select count(*) from ' ~ relation).rows[0][0] -%}
            {%- do store_raw_result(
                'main', message='SELECT ' ~ row_count, code='SELECT', rows_affected=row_count
            ) -%}
        {%- endif -%}
    {%- elif columns == moodle_analytics.temporary_columns(new_rows) -%}
        {%- call statement('take_in') -%}
            {{ moodle_analytics.take_differing(relation, new_rows, columns) }}
        {%- endcall -%}
    {%- else -%}
        {%- do moodle_analytics.build_table(relation, sql) -%}
    {%- endif -%}
{%- endmacro %}


{# Names of the columns of a temporary table of this session. #}
{% macro temporary_columns(relation) -%}
    {%- set found = run_query(
        "select attname from pg_attribute where attrelid = to_regclass('pg_temp." ~ relation
        ~ "') and attnum > 0 and not attisdropped order by attnum"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}
