{#
    One row per row of the log, as narrow as it can be, with its local date: the one model that reads
    the log. It keeps rows that Moodle's own cleanup has deleted since. A row that was changed, or
    deleted otherwise, stays as removed, stamped with the build that saw it, so that what it touched
    is computed anew; whoever reads leaves it out.
#}
{{ config(
    materialized=incremental_table(),
    incremental_strategy='replace_events',
    indexes=[{
        'columns': ['event_id', 'occurred_epoch', 'occurred_on', 'build_number'],
        'type': 'brin',
    }],
    post_hook=["{{ index_of_present('enrolment_course_id') }}", '{{ keep_in_order() }}']
) }}
{% set bounds = log_bounds(completed_build()) if increments() %}
{#- The wide ones first: PostgreSQL leaves room before one wider than the last. -#}
{% set columns = [
    'event_id', 'event_type_key', 'occurred_epoch', 'user_id', 'course_id', 'course_module_id',
    'occurred_on', 'enrolment_course_id', 'related_user_id', 'object_id', 'unknown_event_name',
    'edulevel', 'own_reason_number',
] | join(', ') %}
{#- When a row is nobody's activity, in the order of the macro own_reason. -#}
{% set conditions = [
    'log_rows.occurred_epoch <= 0',
    'log_rows.user_id <= 0',
    'log_rows.real_user_id is not null',
    "log_rows.origin in ('cli', 'restore')",
    'log_rows.is_anonymous',
] %}

with log_rows as (

    select * from {{ ref('stg_moodle__logstore_standard_log') }}
    {%- if bounds %}
    where event_id >= {{ bounds['first_event_id'] }}
    {%- endif %}

),

-- Read apart: a CTE that is read twice is written to disk, all of the log. Of a night
-- by the id: an index on the time would be read from the log's first row on.
epochs as {{ materialized() if bounds }} (

    select occurred_epoch from {{ ref('stg_moodle__logstore_standard_log') }}
    {%- if bounds %}
    where event_id >= {{ bounds['first_event_id'] }}
    {%- endif %}

),

event_types as (

    select
        event_name,
        {{ event_type_key('event_name') }} as event_type_key,
        event_name in (
            {{ core_event('user_enrolment_created') }},
            {{ core_event('user_enrolment_deleted') }},
            {{ core_event('role_assigned') }},
            {{ core_event('role_unassigned') }}
        ) as is_enrolment
    from {{ ref('event_types') }}

),

log_range as (

    select
        {{ local_date(epoch_to_timestamp('min(occurred_epoch)')) }} as first_date,
        {{ local_date(epoch_to_timestamp('max(occurred_epoch)')) }} as last_date
    from epochs
    where occurred_epoch > 0

),

all_days as (

    {{ date_range('log_range') }}

),

calendar as (  -- noqa: ST03

    select
        calendar_date,
        {{ local_midnight_epoch('calendar_date') }} as starts_epoch
    from all_days

),

fresh as (

    select
        log_rows.event_id,
        {{ small_id('log_rows.user_id') }} as user_id,
        -- The site itself is course 1, however the row says so.
        coalesce(nullif({{ small_id('log_rows.course_id') }}, 0), 1) as course_id,
        case
            when log_rows.context_level = 70
                then {{ small_id('log_rows.context_instance_id') }}
        end as course_module_id,
        coalesce(
            event_types.event_type_key, {{ event_type_key('log_rows.event_name') }}
        ) as event_type_key,
        case
            when event_types.is_enrolment and log_rows.context_level = 50
                then log_rows.context_instance_id
        end as enrolment_course_id,
        case when event_types.is_enrolment then log_rows.related_user_id end
            as related_user_id,
        case when event_types.is_enrolment then log_rows.object_id end as object_id,
        log_rows.occurred_epoch,
        case
            when log_rows.occurred_epoch > 0
                then {{ calendar_date_of_epoch('log_rows.occurred_epoch', 'calendar') }}
        end as occurred_on,
        cast(log_rows.edulevel as smallint) as edulevel,
        cast(
            case
                {%- for condition in conditions %}
                when {{ condition }} then {{ loop.index }}
                {%- endfor %}
            end as smallint
        ) as own_reason_number,
        case
            when event_types.event_name is null then log_rows.event_name
        end as unknown_event_name
    from log_rows
    left join event_types
        on log_rows.event_name = event_types.event_name

),

{% if bounds -%}
stored as (

    select {{ columns }} from {{ this }}
    where event_id >= {{ bounds['first_event_id'] }} and not is_removed

),

came as (

    select {{ columns }} from fresh
    except
    select {{ columns }} from stored

),

gone as (

    select {{ columns }} from stored
    except
    select {{ columns }} from fresh

),

final as (

    select
        {{ columns }},
        false as is_removed
    from came
    union all
    select
        {{ columns }},
        true as is_removed
    from gone
    where
        occurred_epoch >= {{ bounds['cleaned_until'] }}
        or event_id in (select came.event_id from came)

)
{%- else -%}
final as (

    select
        {{ columns }},
        false as is_removed
    from fresh

)
{%- endif %}

select
    *,
    {{ build_number() }} as build_number
from final
