{# Query for the server's process (pid) that holds the lock of a run of `moodle-analytics`. #}
{% macro run_lock_holder() -%}
    select pid from pg_locks
    where
        locktype = 'advisory' and objsubid = 2 and granted
        and database = (select oid from pg_database where datname = current_database())
        and classid = (hashtext('moodle-analytics run')::bigint & 4294967295)::oid
        and objid = (hashtext('')::bigint & 4294967295)::oid
{%- endmacro %}
