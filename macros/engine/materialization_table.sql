{#
    Tables on PostgreSQL; of one that is there, a run that goes on from another writes only the rows
    that differ. dbt's own way does the same in some twenty statements a model, each of which
    costs dbt milliseconds that the database waits for.
#}
{% materialization table, adapter='postgres' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set goes_on = moodle_analytics.goes_on(relation) -%}
    {%- if goes_on -%}
        {%- do moodle_analytics.update_table(relation, sql, none) -%}
    {%- else -%}
        {%- do moodle_analytics.build_table(relation, sql) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {%- if not goes_on -%}
        {%- do moodle_analytics.look_at_values(relation) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
