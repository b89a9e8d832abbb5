"""Faults to seed into a built site: the SQL that makes each, and what must notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault: names of expectations of which each must fail; `suite` is the one to run."""

    name: str
    sql: str
    noticed_by: tuple[str, ...]
    suite: str = "sources"


LOG = "mdl_logstore_standard_log"
# Seven days in the middle of the log, from a Wednesday's noon: no week of any calendar.
SPAN = f"""
    create temp table span as
    select floor(min(timecreated) / 604800) * 604800 + weeks * 604800 + 43200 as since,
        floor(min(timecreated) / 604800) * 604800 + (weeks + 1) * 604800 + 43200 as until
    from {LOG},
        (select (max(timecreated) - min(timecreated)) / 604800 / 2 as weeks from {LOG}) as half
    group by weeks;
"""
IN_SPAN = "timecreated >= (select since from span) and timecreated < (select until from span)"
_COLUMNS = (
    "eventname, component, action, target, objecttable, objectid, crud, edulevel, contextid, "
    "contextlevel, contextinstanceid, userid, courseid, relateduserid, anonymous, other, "
    "timecreated, origin, realuserid"
)


def _cut(table: str, share: float = 0.5) -> str:
    return (
        f"delete from {table} where id > "
        f"(select percentile_disc({share}) within group (order by id) from {table})"
    )


SOURCE_FAULTS = (
    Fault(
        "duplicated log batch",
        SPAN
        + f"""
        insert into {LOG} (id, {_COLUMNS})
        select (select max(id) from {LOG}) + row_number() over (order by id), {_COLUMNS}
        from {LOG} where {IN_SPAN}
        """,
        ("log_rows_were_loaded_once",),
    ),
    Fault(
        "log loaded twice, each row beside its twin",
        f"""
        update {LOG} set id = -2 * id;
        update {LOG} set id = -id;
        insert into {LOG} (id, {_COLUMNS}) select id + 1, {_COLUMNS} from {LOG}
        """,
        ("log_rows_seldom_repeat",),
    ),
    Fault(
        "time zone shifted for a week",
        SPAN + f"update {LOG} set timecreated = timecreated + 10800 where {IN_SPAN}",
        ("log_agrees_with_the_clock_of_tables",),
    ),
    Fault(
        "time zone shifted from a day on",
        SPAN
        + f"""
        update {LOG} set timecreated = timecreated - 18000
        where timecreated >= (select since from span)
        """,
        ("log_agrees_with_the_clock_of_tables",),
    ),
    Fault(
        "lost week of the log",
        SPAN + f"delete from {LOG} where {IN_SPAN}",
        ("log_has_no_empty_week", "log_ids_have_no_hole"),
    ),
    Fault(
        "thin week of the log",
        SPAN + f"delete from {LOG} where {IN_SPAN} and id % 20 > 0",
        ("log_has_no_thin_week",),
    ),
    Fault(
        "log cut at its end",
        SPAN + f"delete from {LOG} where timecreated > (select until from span)",
        ("tables_do_not_outlast_the_log",),
    ),
    Fault(
        "rows from the future",
        f"update {LOG} set timecreated = 4000000000 where id in (select id from {LOG} limit 5)",
        (f"{LOG.removeprefix('mdl_')}__times__are_possible",),
    ),
    Fault(
        "rows without a time",
        f"update {LOG} set timecreated = 0 where id % 1000 = 7",
        ("logstore_standard_log__times__are_set",),
    ),
    Fault(
        "rows of years ago",
        f"update {LOG} set timecreated = 1100000000 where id in (select id from {LOG} limit 20)",
        ("log_has_no_rows_far_before",),
    ),
    Fault(
        "rows of a year later",
        f"""
        update {LOG} set timecreated = timecreated + 31536000
        where id in (select id from {LOG} order by timecreated desc limit 20)
        """,
        ("log_has_no_rows_far_after",),
    ),
    Fault(
        "times in milliseconds",
        "update mdl_forum_posts set created = created * 1000, modified = modified * 1000",
        ("forum_posts__times__are_possible",),
    ),
    Fault(
        "flood of an unknown event",
        f"""
        insert into {LOG} (id, {_COLUMNS})
        select (select max(id) from {LOG}) + row_number() over (), r'\\local_spam\\event\\noise',
            {_COLUMNS.removeprefix("eventname, ")}
        from {LOG} order by id desc limit 4000
        """.replace("r'", "E'"),
        ("log_event_names_are_known", "log_events_are_mostly_known"),
    ),
    Fault(
        "swapped columns of the log",
        f"update {LOG} set userid = courseid, courseid = userid where courseid > 1",
        ("log_courseid__leads_to_course", "log_contexts_agree_with_their_rows"),
    ),
    Fault(
        "negative grade",
        "update mdl_grade_grades set finalgrade = -5 "
        "where id = (select min(id) from mdl_grade_grades where finalgrade > 0)",
        ("grades_not_below_the_least",),
    ),
    Fault(
        "grade above the most",
        "update mdl_grade_grades set finalgrade = 12345 where id = (select min(grades.id) "
        "from mdl_grade_grades as grades inner join mdl_grade_items as items "
        "on grades.itemid = items.id where finalgrade > 0 and gradetype = 1)",
        ("grades_not_above_the_most",),
    ),
    Fault(
        "orphan posts",
        "update mdl_forum_posts set discussion = 999999 where id % 7 = 0",
        ("forum_posts__discussion__leads_to_forum_discussions",),
    ),
    Fault(
        "orphan grades",
        "delete from mdl_grade_items where id = (select min(itemid) from mdl_grade_grades)",
        ("grade_grades__itemid__leads_to_grade_items",),
    ),
    Fault(
        "discussions without a forum",
        "delete from mdl_forum where id = (select min(forum) from mdl_forum_discussions)",
        ("forum_discussions__forum__leads_to_forum", "activities_lead_to_their_settings"),
    ),
    Fault(
        "enrolments without a method",
        "delete from mdl_enrol where id = (select min(enrolid) from mdl_user_enrolments)",
        ("user_enrolments__enrolid__leads_to_enrol",),
    ),
    Fault(
        "attempts without a quiz",
        "delete from mdl_quiz where id = (select min(quiz) from mdl_quiz_attempts)",
        ("quiz_attempts__quiz__leads_to_quiz", "graded_activities_are_there"),
    ),
    Fault(
        "half of the accounts",
        _cut("mdl_user"),
        ("log_userid__leads_to_user", "user_enrolments__userid__leads_to_user"),
    ),
    Fault(
        "half of the grades",
        _cut("mdl_grade_grades"),
        ("grades_of_the_history_are_there", "what_the_log_names_is_there"),
    ),
    Fault(
        "half of the history of grades",
        _cut("mdl_grade_grades_history"),
        ("grades_agree_with_their_history",),
    ),
    Fault(
        "half of the completions",
        _cut("mdl_course_modules_completion"),
        ("what_the_log_names_is_there",),
    ),
    Fault(
        "half of the roles",
        _cut("mdl_role_assignments"),
        ("enrolled_people_hold_a_role",),
    ),
    Fault(
        "half of the enrolments",
        _cut("mdl_user_enrolments"),
        ("people_with_a_role_are_enrolled",),
    ),
    Fault(
        "keys turned to NULL",
        "alter table mdl_grade_grades alter userid drop not null;"
        "update mdl_grade_grades set userid = null where id % 5 = 0",
        ("grade_grades__userid__is_never_null", "grade_grades__userid__leads_to_user"),
    ),
    Fault(
        "duplicated account",
        "drop index if exists mdl_user_mneuse_uix;"
        "create temp table twin as select * from mdl_user order by id desc limit 1;"
        "update twin set id = id + 1; insert into mdl_user select * from twin",
        ("user__username__is_unique",),
    ),
    Fault(
        "deleted course whose rows are kept",
        "delete from mdl_course where id = (select max(courseid) from mdl_grade_items "
        f"where courseid in (select courseid from {LOG}))",
        ("log_courseid__leads_to_course", "grade_items__courseid__leads_to_course"),
    ),
    Fault("emptied table", "truncate mdl_course_modules", ("course_modules__is_not_empty",)),
    Fault("missing table", "drop table mdl_context cascade", ("context__is_there",)),
    Fault(
        "rows missing in a table of contexts",
        "delete from mdl_context where contextlevel = 50 and instanceid > 1",
        ("courses_have_a_context", "log_contextid__leads_to_context"),
    ),
    Fault(
        "column of another type",
        f"drop schema if exists staging cascade; alter table {LOG} alter timecreated type text",
        ("logstore_standard_log__has_its_columns",),
    ),
    Fault(
        "missing column",
        "alter table mdl_grade_grades drop column itemid cascade",
        ("grade_grades__has_its_columns",),
    ),
    Fault(
        "texts of a wrong encoding",
        "update mdl_course set fullname = 'D' || chr(195) || chr(169) || 'veloppement' "
        "where id = (select max(id) from mdl_course)",
        ("course__fullname__is_readable",),
    ),
    Fault(
        "unknown state",
        "update mdl_course_modules_completion set completionstate = 9 where id % 50 = 0",
        ("course_modules_completion__completionstate__is_known",),
    ),
    Fault(
        "attempts that end before they start",
        "update mdl_quiz_attempts set timestart = timefinish, timefinish = timestart "
        "where timefinish > timestart",
        ("attempts_end_after_they_start",),
    ),
)

_ONE_WEEK = """
    create temp table chosen as
    select learner_id, course_id, week_start from marts.fct_weekly_engagement
    where cumulative_event_count > 10 and event_count > 0
        and week_start = (select percentile_disc(0.5) within group (order by week_start)
            from marts.fct_weekly_engagement where event_count > 0)
    limit 1;
"""
_CHOSEN = "(learner_id, course_id, week_start) in (select * from chosen)"

MART_FAULTS = (
    Fault(
        "cumulative count that falls",
        _ONE_WEEK
        + "update marts.fct_weekly_engagement set cumulative_event_count = 1000000 "
        + f"where {_CHOSEN}",
        (
            "fct_weekly_engagement__cumulative_event_count__never_falls",
            "fct_weekly_engagement__cumulative_event_count__is_the_sum_of_event_count",
        ),
        "marts",
    ),
    Fault(
        "share above 1",
        _ONE_WEEK + f"update marts.fct_weekly_progress set completion_share = 1.5 where {_CHOSEN}",
        ("fct_weekly_progress__completion_share__is_a_share",),
        "marts",
    ),
    Fault(
        "negative count",
        _ONE_WEEK + f"update marts.fct_weekly_performance set due_item_count = -1 where {_CHOSEN}",
        ("fct_weekly_performance__due_item_count__is_not_negative",),
        "marts",
    ),
    Fault(
        "duplicated row",
        """
        do $$ declare name text; begin
            select conname into name from pg_constraint
            where conrelid = 'marts.fct_grades'::regclass and contype = 'p';
            execute format('alter table marts.fct_grades drop constraint %I', name);
        end $$;
        insert into marts.fct_grades select * from marts.fct_grades limit 3
        """,
        ("fct_grades__learner_id_and_grade_item_id__is_unique",),
        "marts",
    ),
    Fault(
        "missing week",
        _ONE_WEEK + "delete from marts.fct_weekly_status "
        "where week_start = (select week_start from chosen)",
        (
            "fct_weekly_status__has_each_week",
            "fct_weekly_progress__has_the_rows_of_fct_weekly_status",
        ),
        "marts",
    ),
    Fault(
        "doubled volumes",
        "update marts.fct_weekly_engagement set event_count = 9 * event_count",
        (
            "learners_do_no_more_than_the_log",
            "fct_weekly_progress__agrees_with_fct_weekly_engagement",
        ),
        "marts",
    ),
    Fault(
        "one week of many times the volume",
        _ONE_WEEK + "update marts.fct_weekly_engagement set event_count = 30 * event_count "
        "where week_start = (select week_start from chosen)",
        ("fct_weekly_engagement__event_count__keeps_its_volume",),
        "marts",
    ),
    Fault(
        "unknown status",
        _ONE_WEEK + f"update marts.fct_weekly_status set status = 'fine' where {_CHOSEN}",
        ("fct_weekly_status__status__is_known",),
        "marts",
    ),
    Fault(
        "week that begins on a Tuesday",
        _ONE_WEEK
        + f"update marts.fct_weekly_progress set week_start = week_start + 1 where {_CHOSEN}",
        (
            "fct_weekly_progress__week_start__is_a_monday",
            "fct_weekly_progress__week_start__leads_to_dim_weeks",
        ),
        "marts",
    ),
    Fault(
        "marts older than the log",
        f"""
        insert into {LOG} (id, {_COLUMNS})
        select (select max(id) from {LOG}) + row_number() over (), {_COLUMNS}
        from {LOG} order by timecreated desc limit 100
        """,
        ("marts_hold_the_whole_log",),
        "marts",
    ),
    Fault(
        "marts older than the grades",
        "update mdl_grade_grades set finalgrade = finalgrade / 2 where finalgrade > 0",
        ("marts_hold_the_grades",),
        "marts",
    ),
    Fault(
        "learner who is nobody",
        "delete from marts.dim_learners "
        "where learner_id = (select min(learner_id) from marts.fct_weekly_progress)",
        ("fct_weekly_progress__learner_id__leads_to_dim_learners",),
        "marts",
    ),
    Fault(
        "time after the end of the data",
        "update marts.fct_grades set graded_at = now() + interval '2 years' "
        "where graded_at = (select max(graded_at) from marts.fct_grades)",
        ("fct_grades__times_are_within_the_data",),
        "marts",
    ),
    Fault(
        "emptied mart",
        "truncate marts.fct_weekly_learners",
        ("fct_weekly_learners__is_not_empty", "events_of_courses_reach_their_learners"),
        "marts",
    ),
    Fault(
        "missing mart",
        "drop table marts.fct_weekly_status",
        ("fct_weekly_status__is_built",),
        "marts",
    ),
    Fault(
        "column of another type in a mart",
        "alter table marts.fct_weekly_learners alter event_count type bigint",
        ("fct_weekly_learners__columns_have_their_types",),
        "marts",
    ),
)
