{#
    SQL that gives the readers their columns of a published mart (its quoted place), on which nobody
    else has a right. Columns marked pii are for readers of personal data alone, whether they are
    filled or not: what they will hold after the next build is not known here.
#}
{% macro mart_rights(node, place, readers) -%}
    {%- set personal = [] -%}
    {%- set others = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do (personal if column.config.meta.get('pii') else others).append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- for reader in readers or [] -%}
    grant select {% if personal and not reader['sees_personal'] -%}
        ({{ others | join(', ') }})
    {%- endif %} on {{ place }} to {{ reader['role_name'] }};
    {%- endfor -%}
{%- endmacro %}
