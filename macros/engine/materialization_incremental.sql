{#
    Tables on PostgreSQL that a run takes new rows into, by the model's incremental_strategy: as dbt's
    own way does, in fewer statements. Without a build that succeeded before, or where everything is
    made anew, a table like any other.
#}
{% materialization incremental, adapter='postgres' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set goes_on = moodle_analytics.increments() -%}
    {%- if not goes_on -%}
        {%- do moodle_analytics.build_table(relation, sql) -%}
    {%- else -%}
        {%- do moodle_analytics.update_table(
            relation,
            sql,
            adapter.get_incremental_strategy_macro(
                context, config.get('incremental_strategy') or 'default'
            )
        ) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {%- if not goes_on -%}
        {%- do moodle_analytics.look_at_values(relation) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
