{#
    SQL that puts a published mart (its quoted place) under row security with its one policy. Whoever
    is no reader and not the owner is refused, and so is everybody where `readers` is none: the
    functions behind the policy are not there.
#}
{% macro mart_policy(node, place, readers) -%}
    alter table {{ place }} enable row level security;
    drop policy if exists readers on {{ place }}
    {%- if readers is not none %};
    create policy readers on {{ place }} for select using (
        {{ row_rule(row_access(node)) }}
    )
    {%- endif -%}
{%- endmacro %}
