{#
    Condition on rows that this build computes anew, by their course and week: those from the first
    week on in which something that the model reads is not what the last build that succeeded read.
    `weeks_before` asks for so many weeks before them, too, which a row looks back to; of a model whose
    rows look ahead, config.meta.weeks_ahead says how far. With none as course_id, weeks of whichever
    course. Every row where the model is made whole.
#}
{% macro of_changed_weeks(course_id, week_start, weeks_before=0) -%}
    {%- if not moodle_analytics.increments() -%}
    true
    {%- else -%}
    {%- set days = 7 * (weeks_before + config.get('meta', {}).get('weeks_ahead', 0)) -%}
    {%- set back = ' - ' ~ days if days else '' -%}
    {#- Its columns have names of their own, so that none of them is taken for the row's. -#}
    {%- set changes -%}
    from {{ moodle_analytics.changes_relation() }} as changes
    where changes.changed_model in ({{ moodle_analytics.tables_read() }})
    {%- endset -%}
    {{ week_start }} >= (select min(changes.changed_from){{ back }} {{ changes }})
    {%- if course_id %}
    {#- One object for all rows: a course's week is looked up in it, not searched for row by row. #}
    and {{ week_start }} >= least(
        (
            select min(changes.changed_from){{ back }} {{ changes }}
            and changes.changed_course_id is null
        ),
        cast(
            (
                select jsonb_object_agg(by_course.changed_course_id, by_course.changed_from)
                from (
                    select changes.changed_course_id, min(changes.changed_from) as changed_from
                    {{ changes }} and changes.changed_course_id is not null
                    group by changes.changed_course_id
                ) as by_course
            ) ->> cast({{ course_id }} as text) as date
        ){{ back }}
    )
    {%- endif %}
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
