{#
    Condition on rows that this build computes anew, by their course and week: those from the first
    week on in which something that the model reads is not what the last build that succeeded read.
    `weeks_before` asks for so many weeks before them, too, which a row looks back to; of a model whose
    rows look ahead, config.meta.weeks_ahead says how far. Every row where the model is made whole.
#}
{% macro of_changed_weeks(course_id, week_start, weeks_before=0) -%}
    {%- if not moodle_analytics.increments() -%}
    true
    {%- else -%}
    {%- set days = 7 * (weeks_before + config.get('meta', {}).get('weeks_ahead', 0)) -%}
    {%- set changes -%}
    {#- Its columns have names of their own, so that none of them is taken for the row's. -#}
    select {{ days and '(min(changes.changed_from) - ' ~ days ~ ')' or 'min(changes.changed_from)' }}
    from {{ moodle_analytics.changes_relation() }} as changes
    where changes.changed_model in ({{ moodle_analytics.tables_read() }})
    {%- endset -%}
    {{ week_start }} >= ({{ changes }})
    and {{ week_start }} >= least(
        ({{ changes }} and changes.changed_course_id is null),
        ({{ changes }} and changes.changed_course_id = {{ course_id }})
    )
    {%- endif -%}
{%- endmacro %}


{#
    The tables that this model is made from, be it through views, as a list of strings in SQL; and the
    model itself, which a build that was cut short may have brought from elsewhere.
#}
{% macro tables_read() -%}
    {%- set found = [dbt.string_literal(model.alias)] -%}
    {%- set waiting = model.depends_on.nodes | list -%}
    {%- for number in range(1000) if waiting -%}
        {%- set name = waiting.pop() -%}
        {%- set node = graph.nodes.get(name) -%}
        {%- if name.startswith('source.') or (node and node.name == 'int_log_rows') -%}
            {%- do exceptions.raise_compiler_error(
                model.name ~ ' reads ' ~ name ~ ' without a table between them, of whose changes '
                ~ 'nothing is told: let it read a table that does.'
            ) -%}
        {%- elif node and node.resource_type == 'model' -%}
            {%- if node.config.materialized == 'view' -%}
                {%- do waiting.extend(node.depends_on.nodes) -%}
            {%- else -%}
                {%- do found.append(dbt.string_literal(node.alias)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | unique | sort | join(', ')) }}
{%- endmacro %}
