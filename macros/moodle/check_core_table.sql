{% macro check_core_table(relation, found, required) %}
    {%- if not found -%}
        {%- set known = load_relation(relation) -%}
        {%- if known -%}
            {%- do exceptions.raise_compiler_error(
                "Moodle's table " ~ relation ~ " cannot be read by this user: grant select on it."
            ) -%}
        {%- else -%}
            {%- do exceptions.raise_compiler_error(
                "Moodle's core table " ~ relation ~ " is missing: check the vars moodle_schema and "
                ~ "moodle_prefix, or restore a dump that holds it."
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{- moodle_analytics.check_required_columns(relation, found, required) -}}
{%- endmacro %}
