{# SQL that writes this model's description and those of its columns beside its relation. #}
{% macro comments(relation) -%}
    {%- if config.persist_relation_docs() and model.description -%}
    comment on {{ relation.type }} {{ relation }} is {{ postgres_escape_comment(model.description) }};
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
    {%- for column in model.columns.values() if column.description %}
    comment on column {{ relation }}.{{ adapter.quote(column.name) }}
        is {{ postgres_escape_comment(column.description) }};
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
