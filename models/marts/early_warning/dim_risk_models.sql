{#
    One row per version that scores were made with: what it was trained on, through when, and what it
    was worth on a later course that it had not seen. The rules that stand in for a model have a row
    too, with nothing trained. Leaves out no version, so that an old score can be explained.
#}
with cards as (

    select * from {{ ref('stg_predictions__model_card') }}

),

final as (

    select
        model_version,
        score_method,
        algorithm,
        predicted_label,
        cast(trained_learner_count as integer) as trained_learner_count,
        cast(trained_week_count as integer) as trained_week_count,
        base_rate_share,
        training_courses,
        thresholds,
        measures,
        group_measures,
        challenger,
        trained_at,
        trained_through
    from cards

)

select * from final
