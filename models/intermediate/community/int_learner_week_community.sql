{#
    One row per learner, course and week of the grid: what the learner wrote in the course's forums,
    what came back, and with how many people the learner is connected so far. A week without a post is
    a row of zeros, also where the log does not reach, as posts do not come from the log.
    What was before the learner's first week counts in that week's figures to date, not in the week;
    what came after the last week is left out.
    Distinct people to date are counted where a pair first meets, so that nothing grows with the
    square of the people or of the weeks. The grid's own columns are carried on for the weekly mart.
#}
{{ config(materialized=incremental_table(), incremental_strategy='replace_weeks') }}
{% set counts = [
    'forum_post_count', 'discussion_count', 'reply_received_count', 'replied_people_count',
] %}
{% set cumulated = {
    'forum_post_count': 'forum_post_count',
    'discussion_count': 'discussion_count',
    'reply_received_count': 'reply_received_count',
    'replied_people_count': 'first_replied_count',
    'connected_people_count': 'first_connected_count',
} %}
{% set parts = {
    'written': [
        'forum_post_count', 'discussion_count', 'replied_people_count', 'word_count',
    ],
    'received': ['reply_received_count'],
    'first_replied': ['first_replied_count'],
    'first_connected': ['first_connected_count'],
} %}
{% set in_week = counts + ['word_count'] %}
{% set measures = in_week + ['first_replied_count', 'first_connected_count'] %}

with grid as (

    select
        learner_course_week_id,
        learner_id,
        course_id,
        week_start,
        is_partial_week,
        is_observed,
        is_active_enrolment,
        is_course_deleted,
        course_week,
        learner_week
    from {{ ref('int_learner_course_weeks') }}
    where {{ of_changed_weeks('course_id', 'week_start') }}

),

posts as (

    select
        course_id,
        author_id,
        parent_author_id,
        is_discussion_start,
        word_count,
        coalesce(week_start, {{ beginning_of_time() }}) as week_start
    from {{ ref('int_forum_posts') }}

),

replies as (

    select
        course_id,
        author_id as replier_id,
        parent_author_id as replied_to_id,
        week_start
    from posts
    where author_id <> parent_author_id

),

first_weeks as (

    select
        learner_id,
        course_id,
        min(week_start) as first_week
    from grid
    group by learner_id, course_id

),

written as (

    select
        author_id as learner_id,
        course_id,
        week_start,
        count(*) as forum_post_count,
        {{ count_if('is_discussion_start') }} as discussion_count,
        count(
            distinct case when author_id <> parent_author_id then parent_author_id end
        ) as replied_people_count,
        sum(word_count) as word_count
    from posts
    group by author_id, course_id, week_start

),

received as (

    select
        replied_to_id as learner_id,
        course_id,
        week_start,
        count(*) as reply_received_count
    from replies
    group by replied_to_id, course_id, week_start

),

first_replied as (

    select
        replier_id as learner_id,
        course_id,
        replied_to_id as other_id,
        min(week_start) as week_start,
        1 as first_replied_count
    from replies
    group by replier_id, course_id, replied_to_id

),

either_way as (

    select
        replier_id as learner_id,
        course_id,
        replied_to_id as other_id,
        week_start
    from replies
    union all
    select
        replied_to_id as learner_id,
        course_id,
        replier_id as other_id,
        week_start
    from replies

),

first_connected as (

    select
        learner_id,
        course_id,
        other_id,
        min(week_start) as week_start,
        1 as first_connected_count
    from either_way
    group by learner_id, course_id, other_id

),

changes as (

    {% for part, columns in parts.items() %}
    select
        learner_id,
        course_id,
        {%- for measure in measures %}
        cast({{ measure if measure in columns else 'null' }} as integer)
            as {{ measure }},
        {%- endfor %}
        week_start
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

placed as (

    select
        changes.learner_id,
        changes.course_id,
        {%- for measure in in_week %}
        cast(
            sum(
                case
                    when changes.week_start >= first_weeks.first_week
                        then changes.{{ measure }}
                end
            ) as integer
        ) as {{ measure }},
        {%- endfor %}
        {%- for name, measure in cumulated.items() %}
        cast(sum(changes.{{ measure }}) as integer) as added_{{ name }},
        {%- endfor %}
        greatest(changes.week_start, first_weeks.first_week) as week_start
    from changes
    inner join first_weeks
        on
            changes.learner_id = first_weeks.learner_id
            and changes.course_id = first_weeks.course_id
    group by
        changes.learner_id,
        changes.course_id,
        greatest(changes.week_start, first_weeks.first_week)

),

course_changes as (

    select
        course_id,
        week_start,
        count(*) as post_count
    from posts
    group by course_id, week_start
    union all
    select distinct
        course_id,
        week_start,
        0 as post_count
    from grid

),

course_weeks as (

    select
        course_id,
        week_start,
        sum(sum(post_count)) over (
            partition by course_id
            order by week_start
            rows between unbounded preceding and current row
        ) as course_post_count
    from course_changes
    group by course_id, week_start

),

weekly as (

    select
        grid.learner_course_week_id,
        grid.learner_id,
        grid.course_id,
        grid.week_start,
        grid.is_partial_week,
        grid.is_observed,
        grid.is_active_enrolment,
        grid.is_course_deleted,
        grid.course_week,
        grid.learner_week,
        {%- for count in counts %}
        coalesce(placed.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        case
            when coalesce(placed.forum_post_count, 0) = 0 then 0
            else placed.word_count
        end as word_count,
        {%- for name in cumulated %}
        cast(coalesce(sum(placed.added_{{ name }}) over so_far, 0) as integer)
            as cumulative_{{ name }},
        {%- endfor %}
        sum(case when grid.is_active_enrolment then 1 else 0 end) over (
            partition by grid.course_id, grid.week_start
        ) as active_enrolment_count
    from grid
    left join placed
        on
            grid.learner_id = placed.learner_id
            and grid.course_id = placed.course_id
            and grid.week_start = placed.week_start
    window so_far as (
        partition by grid.learner_id, grid.course_id
        order by grid.week_start
        rows between unbounded preceding and current row
    )

),

final as (

    select
        weekly.learner_course_week_id,
        weekly.learner_id,
        weekly.course_id,
        weekly.week_start,
        weekly.is_partial_week,
        weekly.is_observed,
        weekly.is_active_enrolment,
        weekly.is_course_deleted,
        weekly.cumulative_connected_people_count = 0 as is_isolated,
        weekly.course_week,
        weekly.learner_week,
        {%- for count in counts %}
        weekly.{{ count }},
        {%- endfor %}
        weekly.word_count,
        {%- for name in cumulated %}
        weekly.cumulative_{{ name }},
        {%- endfor %}
        cast(
            case
                when
                    course_weeks.course_post_count
                    >= {{ var('min_posts_for_centrality') }}
                    then
                        weekly.cumulative_connected_people_count
                        / nullif(greatest(weekly.active_enrolment_count - 1.0, 0), 0)
            end as numeric(12, 4)
        ) as reply_centrality
    from weekly
    inner join course_weeks
        on
            weekly.course_id = course_weeks.course_id
            and weekly.week_start = course_weeks.week_start

)

select * from final
