-- How many rows has each of the 16 core tables?
{% set core_tables = [
    'logstore_standard_log', 'contexts', 'users', 'courses', 'modules', 'course_modules',
    'course_modules_completion', 'grade_items', 'grade_grades', 'grade_categories',
    'grade_items_history', 'grade_grades_history', 'grade_categories_history', 'forums',
    'forum_discussions', 'forum_posts',
] %}

{% for name in core_tables %}
select
    '{{ name }}' as table_name,
    count(*) as row_count
from {{ ref('stg_moodle__' ~ name) }}
{{ 'union all' if not loop.last }}
{% endfor %}
order by row_count desc
