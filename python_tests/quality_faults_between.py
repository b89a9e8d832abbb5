"""More faults to seed, which show only between tables: what must notice each."""

from __future__ import annotations

from quality_faults import IN_SPAN, LOG, SPAN, Fault


def _half(table: str, columns: str) -> str:
    """Delete half of the groups of rows that these columns name."""
    return (
        f"delete from {table} where ({columns}) in (select {columns} from (select distinct "
        f"{columns} from {table}) as named order by {columns} "
        f"limit (select count(distinct ({columns})) / 2 from {table}))"
    )


SOURCE_FAULTS_BETWEEN = (
    Fault(
        "negative users in the log",
        f"update {LOG} set userid = -userid where userid > 2 and id % 300 = 0",
        ("log_userid__leads_to_user",),
    ),
    Fault(
        "week of views by nobody",
        SPAN + f"update {LOG} set userid = 0 where {IN_SPAN}",
        ("log_views_are_of_people",),
    ),
    Fault(
        "week without contexts",
        SPAN + f"update {LOG} set contextid = 0 where {IN_SPAN}",
        ("log_rows_have_a_context",),
    ),
    Fault(
        "week with courses mixed up",
        SPAN + f"update {LOG} set courseid = courseid + 1 where courseid > 1 and {IN_SPAN}",
        ("log_contexts_agree_with_their_rows",),
    ),
    Fault(
        "submissions and completions of another time zone",
        "update mdl_assign_submission set timemodified = timemodified + 25200;"
        "update mdl_course_modules_completion set timemodified = timemodified + 25200",
        ("log_agrees_with_the_changes_of_tables",),
    ),
    Fault(
        "posts and attempts given to another person",
        "update mdl_forum_posts set userid = 2;"
        "update mdl_quiz_attempts set userid = 2, attempt = id",
        ("log_agrees_with_the_people_of_tables",),
    ),
    Fault(
        "grades divided by ten",
        "update mdl_grade_grades set finalgrade = finalgrade / 10 where itemid in "
        "(select itemid from mdl_grade_grades where finalgrade > 0 group by itemid "
        "order by count(*) desc limit 1)",
        ("grades_are_the_last_of_their_history",),
    ),
    Fault(
        "history of an item lost",
        "delete from mdl_grade_grades_history where itemid in (select itemid "
        "from mdl_grade_grades where finalgrade > 0 group by itemid "
        "order by count(*) desc limit 1)",
        ("grades_of_each_item_have_a_history",),
    ),
    Fault(
        "pass mark above the most",
        "update mdl_grade_items set gradepass = grademax + 1 where gradetype = 1",
        ("grades_to_pass_can_be_reached",),
    ),
    Fault(
        "finished attempts without time and marks",
        "update mdl_quiz_attempts set timefinish = 0, sumgrades = null where state = 'finished'",
        ("finished_attempts_bear_a_time", "finished_attempts_bear_marks"),
    ),
    Fault(
        "two latest submissions",
        "create temp table twin as select * from mdl_assign_submission where latest = 1;"
        "update twin set attemptnumber = attemptnumber + 7, "
        "id = id + (select max(id) from mdl_assign_submission);"
        "insert into mdl_assign_submission select * from twin",
        ("people_have_one_latest_submission",),
    ),
    Fault(
        "dates in the wrong order",
        "update mdl_assign set duedate = 1500000000, allowsubmissionsfromdate = 1600000000;"
        "update mdl_quiz set timeclose = 1500000000, timeopen = 1600000000",
        ("assignments_are_due_after_they_open", "quizzes_close_after_they_open"),
    ),
    Fault(
        "learners deleted, suspended and without a time",
        "update mdl_user set deleted = 1 where id % 2 = 0 and id > 2;"
        "update mdl_user_enrolments set status = 1, timecreated = 0",
        (
            "deleted_accounts_are_not_enrolled",
            "courses_have_someone_not_suspended",
            "enrolments_bear_their_time",
        ),
    ),
    Fault(
        "completions before the enrolment",
        "update mdl_course_modules_completion set timemodified = timemodified - 31536000",
        ("people_are_enrolled_before_they_complete",),
    ),
    Fault(
        "group of strangers",
        "insert into mdl_groups_members (id, groupid, userid, timeadded) "
        "select coalesce((select max(id) from mdl_groups_members), 0) + 1000 + users.id, "
        "(select min(id) from mdl_groups), 900000 + users.id, 1600000000 from mdl_user as users",
        ("group_members_are_enrolled",),
    ),
    Fault(
        "one address and no names",
        "update mdl_user set email = 'one@example.org', firstname = 'NULL', lastname = 'NULL'",
        ("people_have_one_account", "people_have_names"),
    ),
)


def _mart(name: str, sql: str, *noticed_by: str) -> Fault:
    return Fault(name, sql, noticed_by, "marts")


MART_FAULTS_BETWEEN = (
    _mart(
        "keys of learners swapped",
        "update marts.fct_weekly_progress set learner_key = 'somebody else' where learner_id = "
        "(select min(learner_id) from marts.fct_weekly_progress)",
        "fct_weekly_progress__agrees_with_dim_learners",
    ),
    _mart(
        "old names of courses and activities",
        "update marts.fct_deadlines set course_name = 'old', activity_name = 'old'",
        "fct_deadlines__agrees_with_dim_courses",
        "fct_deadlines__agrees_with_dim_activities",
    ),
    _mart(
        "learners without an outcome",
        _half("marts.fct_learner_outcomes", "learner_id"),
        "fct_weekly_progress__learner_id_and_course_id__is_in_fct_learner_outcomes",
    ),
    _mart(
        "learners without grades and submissions",
        _half("marts.fct_grades", "learner_id")
        + ";"
        + _half("marts.fct_submissions", "learner_id"),
        "marts_hold_all_grades",
        "deadlines_have_their_submissions",
    ),
    _mart(
        "days of deadlines lost",
        _half("marts.fct_deadline_days", "course_module_id"),
        "deadlines_have_their_days",
    ),
    _mart(
        "sessions twice",
        "create temp table twin as select * from marts.fct_sessions where minutes_central > 1;"
        "update twin set session_id = session_id + 100000000;"
        "insert into marts.fct_sessions select * from twin",
        "sessions_do_not_overlap",
    ),
    _mart(
        "sessions and replies of another week",
        "update marts.fct_sessions set started_at = started_at - interval '8 days';"
        "update marts.fct_forum_replies set replied_at = replied_at - interval '8 days', "
        "hours_to_reply = hours_to_reply * 60 + 1",
        "sessions_are_in_their_week",
        "replies_are_in_their_week",
        "replies_take_their_time",
    ),
    _mart(
        "counts of groups doubled",
        "update marts.fct_weekly_groups set learner_count = 2 * learner_count, "
        "due_item_count = 2 * due_item_count; "
        "update marts.dim_learner_groups set learner_count = learner_count + 1",
        "learners_of_groups_add_up",
        "groups_have_their_learners",
        "cohorts_are_the_group_of_all",
    ),
    _mart(
        "last weeks of a mart missing",
        "delete from marts.fct_weekly_hours where week_start > "
        "(select max(week_start) - 28 from marts.fct_weekly_hours)",
        "fct_weekly_hours__reaches_the_last_week",
    ),
    _mart(
        "activities without events",
        "update marts.fct_weekly_activities set event_count = 0, learner_count = 0",
        "used_activities_have_events",
    ),
    _mart(
        "shares and hours of another scale",
        "update marts.fct_grades set grade_share = grade_share / 2;"
        "update marts.fct_submissions set hours_before_due = -hours_before_due",
        "grade_shares_are_of_their_range",
        "hours_before_due_are_those_of_the_times",
    ),
    _mart(
        "reasons lost",
        _half("marts.fct_weekly_status_reasons", "learner_id"),
        "statuses_have_their_reasons",
    ),
    _mart(
        "numbers that are none",
        "update marts.fct_weekly_engagement set engagement_index = 'NaN' "
        "where engagement_index is not null",
        "fct_weekly_engagement__numbers_are_finite",
    ),
    _mart(
        "names lost",
        "update marts.dim_learners set learner_name = 'NULL'",
        "dim_learners__texts_are_no_words_for_nothing",
    ),
    _mart(
        "messages twice and unfilled",
        "create temp table twin as select * from marts.fct_feedback;"
        "update twin set feedback_id = feedback_id || 'b', message = 'Hello {name}';"
        "insert into marts.fct_feedback select * from twin",
        "feedback_is_given_once",
        "fct_feedback__texts_are_filled",
    ),
    _mart(
        "reminders twice",
        "create temp table twin as select * from marts.fct_reminders;"
        "update twin set reminder_id = reminder_id || 'b';"
        "insert into marts.fct_reminders select * from twin",
        "reminders_are_sent_once",
    ),
    _mart(
        "courses dated a year late",
        "update marts.dim_courses set start_at = start_at + interval '9 years'",
        "courses_are_used_after_their_start",
    ),
    _mart(
        "quartiles in the wrong order",
        "update marts.fct_weekly_cohorts set minutes_central_q1 = 1000000",
        "fct_weekly_cohorts__minutes_central_q1__is_at_most_minutes_central_median",
    ),
    _mart(
        "error that a check of the data found",
        "update marts.fct_data_quality set is_ok = false where severity = 'error'",
        "no_error_in_the_data",
    ),
)
