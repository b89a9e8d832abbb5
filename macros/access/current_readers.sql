{#
    Rows of the readers on record whose role exists: role_name, quoted as SQL needs it, and
    sees_personal. None, not an empty list, where the functions behind the policies are not there or
    belong to others.
#}
{% macro current_readers() -%}
    {%- set name = access_schema() -%}
    {%- set is_there = run_query(
        "select exists ("
        ~ "select from pg_proc inner join pg_namespace on pg_namespace.oid = pronamespace "
        ~ "where nspname = '" ~ name ~ "' and proname = 'current_readers' "
        ~ "and pg_has_role(nspowner, 'USAGE'))"
    ).rows[0][0] -%}
    {%- if not is_there -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(run_query(
        'select role_name, sees_personal from ' ~ adapter.quote(name) ~ '.current_readers()'
    ).rows) }}
{%- endmacro %}
