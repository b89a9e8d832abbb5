-- How many tables has the Moodle database?
select count(*) as table_count
from information_schema.tables as tables
where
    tables.table_schema = '{{ var("moodle_schema") }}'
    and tables.table_type = 'BASE TABLE'
    and tables.table_name like '{{ var("moodle_prefix") | replace("_", "\\_") }}%'
