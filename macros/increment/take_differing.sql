{#
    The statements that make rows of `relation` those of `new_rows`: of all its rows, or of those that
    the SQL condition on `target` names. What is alike stays as it lies there, so that publication
    need not read it again; what differs is told in changes_relation(), by course and week.
    NULL is like NULL, and 1.0 is not 1.00.
#}
{% macro take_differing(relation, new_rows, columns, condition='true') -%}
    {%- set names = get_quoted_csv(columns) -%}
    {%- set differing = adapter.quote(relation.identifier ~ '__differing') -%}
    create temporary table {{ differing }} on commit drop as
    select
        old_row,
        new_row,
        {{ moodle_analytics.changed_course('old_image', columns) }} as old_course,
        {{ moodle_analytics.changed_course('new_image', columns) }} as new_course,
        {{ moodle_analytics.changed_from(columns) }} as week_start
    from (
        select target.ctid as old_row, target as old_image,
            {{ moodle_analytics.key_of('target') }}
        from {{ relation }} as target
        where {{ condition }}
    ) as stored
    full join (
        select fresh.ctid as new_row, fresh as new_image,
            {{ moodle_analytics.key_of('fresh') }}
        from {{ new_rows }} as fresh
    ) as made using ({{ get_quoted_csv(moodle_analytics.key_columns()) }})
    where old_row is null or new_row is null or old_image *<> new_image;

    delete from {{ relation }}
    where ctid = any(array(select old_row from {{ differing }} where old_row is not null));

    insert into {{ relation }} ({{ names }})
    select {{ names }} from {{ new_rows }}
    where ctid = any(array(select new_row from {{ differing }} where new_row is not null));

    insert into {{ moodle_analytics.changes_relation() }}
    select '{{ relation.identifier }}', course_id, min(week_start)
    from {{ differing }}
    cross join lateral (
        values (old_row, old_course), (new_row, new_course)
    ) as sides (row_id, course_id)
    where row_id is not null and week_start is not null
    group by course_id
{%- endmacro %}


{# The key of a row of `rows`, each of its columns under its own name. #}
{% macro key_of(rows) -%}
    {%- for name in moodle_analytics.key_columns() -%}
    {{ rows }}.{{ adapter.quote(name) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The course that a row is of; NULL where it is of no certain one, so that every course is meant. #}
{% macro changed_course(image, columns) -%}
    {{ '(' ~ image ~ ').course_id' if 'course_id' in columns else 'null::bigint' }}
{%- endmacro %}


{#
    The first week that a difference between two images of a row concerns, as config.meta.changed_from
    of the model says in SQL on the row's columns: `week` (else week_start, or every week); `rows`, where
    it is another of rows that come or go; and `columns`, of differences in no others than these, each
    with its own week. NULL is no week: what reads the model by weeks does not take that from it.
#}
{% macro changed_from(columns) -%}
    {%- set rules = config.get('meta', {}).get('changed_from', {}) -%}
    {%- set usual = rules.get(
        'week', 'week_start' if 'week_start' in columns else "cast('-infinity' as date)"
    ) -%}
    {%- set finer = rules.get('columns', {}) -%}
    case
        when old_row is null or new_row is null
            then {{ moodle_analytics.earliest(rules.get(
                'rows', "coalesce(" ~ usual ~ ", '-infinity')"
            )) }}
        {%- if finer %}
        when
            {%- for name in columns if name not in finer %}
            {{ 'and' if not loop.first }} {{ moodle_analytics.same_in_both(name) }}
            {%- endfor %}
            then least(
                null::date
                {%- for name, week in finer.items() if week %},
                case
                    when not {{ moodle_analytics.same_in_both(name) }}
                        then {{ moodle_analytics.earliest(week) }}
                end
                {%- endfor %}
            )
        {%- endif %}
        else {{ moodle_analytics.earliest("coalesce(" ~ usual ~ ", '-infinity')") }}
    end
{%- endmacro %}


{# Whether a column has one value in both images of a row. #}
{% macro same_in_both(name) -%}
    ((old_image).{{ adapter.quote(name) }} is not distinct from (new_image).{{ adapter.quote(name) }})
{%- endmacro %}


{# The earlier of an expression on the columns of the old image and that on the new one. #}
{% macro earliest(expression) -%}
    least(
        (select {{ expression }} from (select (old_image).*) as image where old_row is not null),
        (select {{ expression }} from (select (new_image).*) as image where new_row is not null)
    )
{%- endmacro %}
