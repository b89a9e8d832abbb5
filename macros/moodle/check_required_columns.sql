{% macro check_required_columns(relation, found, required) %}
    {%- for name in required if name not in found -%}
        {%- do exceptions.raise_compiler_error(
            "Moodle's table " ~ relation ~ " has no column " ~ name ~ ": nothing right can be said without it."
        ) -%}
    {%- endfor -%}
{%- endmacro %}
