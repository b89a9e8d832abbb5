{#
    SQL that puts a mart under row security and gives the readers their columns. Whoever is no reader
    and not the owner is refused, and so is everybody where `readers` is none: the functions behind
    the policy are not there. Columns marked pii are for readers of personal data alone, whether they
    are filled or not: what they will hold after the next build is not known here.
#}
{% macro secure_relation(node, relation, readers) -%}
    {%- if node.config.materialized == 'view' -%}
    alter view {{ relation }} set (security_invoker = true)
    {%- else -%}
    alter table {{ relation }} enable row level security;
    drop policy if exists readers on {{ relation }}
    {%- if readers is not none %};
    create policy readers on {{ relation }} for select using (
        {{ row_rule(row_access(node)) }}
    )
    {%- endif -%}
    {%- endif -%}
    {%- set personal = [] -%}
    {%- set others = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do (personal if column.config.meta.get('pii') else others).append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- for reader in readers or [] %};
    revoke all on {{ relation }} from {{ reader['role_name'] }};
    grant select {% if personal and not reader['sees_personal'] -%}
        ({{ others | join(', ') }})
    {%- endif %} on {{ relation }} to {{ reader['role_name'] }}
    {%- endfor -%}
{%- endmacro %}
