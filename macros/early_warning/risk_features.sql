{# The features of a score: columns of int_learner_week_features, and codes of risk_reasons. #}
{% macro risk_features() -%}
    {{ return([
        'event_rank',
        'recent_event_rank',
        'active_day_rank',
        'distinct_activity_rank',
        'idle_days',
        'event_log_change',
        'active_week_share',
        'active_days_7',
        'active_days_14',
        'handed_in_share',
        'missed_count',
        'latest_due_missed',
        'mean_days_early',
        'grade_mean_share',
        'grade_last_share',
        'grade_rank',
        'earlier_attempt_count',
        'due_item_count',
        'elapsed_share',
    ]) }}
{%- endmacro %}
