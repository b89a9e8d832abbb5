{#
    Tables on PostgreSQL that a run takes new rows into, by the model's incremental_strategy: as dbt's
    own way does, in fewer statements. Without a build that succeeded before, or where everything is
    made anew, a table like any other.
#}
{% materialization incremental, adapter='postgres' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if not moodle_analytics.increments() -%}
        {%- do moodle_analytics.build_table(relation, sql) -%}
    {%- else -%}
        {%- set new_rows = make_temp_relation(relation) -%}
        {%- call statement('main') -%}
            create temporary table {{ new_rows }} on commit drop as (
                {{ sql }}
            )
        {%- endcall -%}
        {%- set columns = [] -%}
        {%- for name in moodle_analytics.column_names(relation) -%}
            {%- do columns.append(api.Column.create(name, 'text')) -%}
        {%- endfor -%}
        {%- set strategy = adapter.get_incremental_strategy_macro(
            context, config.get('incremental_strategy') or 'default'
        ) -%}
        {%- call statement('take_in') -%}
            {{ strategy({
                'target_relation': relation,
                'temp_relation': new_rows,
                'unique_key': config.get('unique_key'),
                'dest_columns': columns,
                'incremental_predicates': config.get('incremental_predicates'),
            }) }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
