"""The seeds: what each event means, and where each country's people live."""

from __future__ import annotations

import csv
import json
import re
import zoneinfo
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SEED = ROOT / "seeds" / "event_types.csv"
COUNTRIES = ROOT / "seeds" / "country_timezones.csv"
FACTS = ROOT.parent / "shared" / "data" / "moodle_site_a_facts.json"

KINDS = {
    "administration",
    "assessment",
    "content",
    "forum",
    "navigation",
    "session",
    "social",
    "system",
}
# fmt: off
VERBS = {
    "abandon", "accept", "answer", "attempt", "complete", "create", "delete", "download", "enrol",
    "grade", "join", "login", "logout", "message", "other", "post", "resume", "review", "search",
    "start", "submit", "update", "upload", "view",
}
# fmt: on
# The definitions' list, by hand.
AUTOMATIC = [
    r"\core\event\notification_viewed",
    r"\core\event\notification_sent",
    r"\core\event\message_sent",
    r"\core\event\user_graded",
    r"\core\event\course_module_completion_updated",
    r"\core\event\course_completed",
    r"\mod_quiz\event\attempt_becameoverdue",
    r"\mod_quiz\event\attempt_abandoned",
    r"\core\event\webservice_function_called",
    r"\core\event\user_login_failed",
    r"\core\event\config_log_created",
    r"\core\event\search_indexed",
    r"\tool_usertours\event\tour_started",
    r"\tool_usertours\event\tour_ended",
    r"\tool_usertours\event\step_shown",
]
BY_HAND = [
    r"\core\event\user_loggedin",
    r"\core\event\user_loggedout",
    r"\core\event\course_viewed",
    r"\core\event\course_completion_updated",
    r"\core\event\group_message_sent",
    r"\core\event\calendar_event_created",
    r"\core\event\grade_item_updated",
    r"\mod_assign\event\submission_graded",
    r"\mod_quiz\event\attempt_started",
    r"\mod_quiz\event\attempt_submitted",
    r"\mod_quiz\event\attempt_autosaved",
]
# Handing in: one name for each module, two where versions differ.
SUBMITTED = {
    r"\mod_assign\event\assessable_submitted",
    r"\mod_choice\event\answer_created",
    r"\mod_choice\event\answer_submitted",
    r"\mod_feedback\event\response_submitted",
    r"\mod_h5pactivity\event\statement_received",
    r"\mod_lesson\event\lesson_ended",
    r"\mod_quiz\event\attempt_submitted",
    r"\mod_scorm\event\scoreraw_submitted",
    r"\mod_survey\event\response_submitted",
    r"\mod_workshop\event\submission_created",
}
# Rows that a learner of an ordinary course writes, with what they must mean.
MEANINGS = {
    r"\core\event\course_viewed": ("navigation", "view"),
    r"\core\event\user_loggedin": ("session", "login"),
    r"\core\event\user_loggedout": ("session", "logout"),
    r"\core\event\user_enrolment_created": ("administration", "enrol"),
    r"\gradereport_user\event\grade_report_viewed": ("navigation", "view"),
    r"\gradereport_grader\event\grade_report_viewed": ("administration", "view"),
    r"\mod_assign\event\submission_status_viewed": ("assessment", "view"),
    r"\mod_book\event\chapter_viewed": ("content", "view"),
    r"\mod_chat\event\message_sent": ("social", "message"),
    r"\mod_forum\event\course_module_viewed": ("forum", "view"),
    r"\mod_forum\event\discussion_viewed": ("forum", "view"),
    r"\mod_lti\event\course_module_viewed": ("content", "view"),
    r"\mod_page\event\course_module_viewed": ("content", "view"),
    r"\mod_quiz\event\attempt_reviewed": ("assessment", "review"),
    r"\mod_quiz\event\attempt_summary_viewed": ("assessment", "view"),
    r"\mod_quiz\event\attempt_viewed": ("assessment", "view"),
    r"\mod_quiz\event\course_module_instance_list_viewed": ("navigation", "view"),
    r"\mod_survey\event\course_module_viewed": ("social", "view"),
}


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, str]]:
    with SEED.open(encoding="utf-8", newline="") as file:
        return {row["event_name"]: row for row in csv.DictReader(file)}


def names_where(rows: dict[str, dict[str, str]], column: str, value: str) -> set[str]:
    return {name for name, row in rows.items() if row[column] == value}


def test_names_are_whole_sorted_and_unique() -> None:
    text = SEED.read_bytes()
    assert b"\r" not in text
    assert text.endswith(b"\n")
    lines = text.decode("ascii").splitlines()
    names = [line.split(",")[0] for line in lines[1:]]
    assert names == sorted(set(names))
    damaged = [
        name for name in names if not re.fullmatch(r"\\[a-z][a-z0-9_]*\\event\\[a-z0-9_]+", name)
    ]
    assert damaged == []
    assert {line.count(",") for line in lines} == {5}


def test_vocabularies_are_closed(rows: dict[str, dict[str, str]]) -> None:
    assert {row["activity_kind"] for row in rows.values()} == KINDS
    assert {row["verb"] for row in rows.values()} == VERBS
    for column in ("is_automatic", "is_companion"):
        assert {row[column] for row in rows.values()} == {"true", "false"}
    assert {row["cognitive_depth"] for row in rows.values()} == set("012345")


@pytest.mark.parametrize("name", AUTOMATIC)
def test_rows_of_moodle_are_automatic(rows: dict[str, dict[str, str]], name: str) -> None:
    assert rows[name]["is_automatic"] == "true"


@pytest.mark.parametrize("name", BY_HAND)
def test_acts_of_people_are_not_automatic(rows: dict[str, dict[str, str]], name: str) -> None:
    assert rows[name]["is_automatic"] == "false"


def test_system_is_exactly_what_is_automatic(rows: dict[str, dict[str, str]]) -> None:
    assert names_where(rows, "activity_kind", "system") == names_where(rows, "is_automatic", "true")


def test_companions_are_exactly_these(rows: dict[str, dict[str, str]]) -> None:
    uploads = {name for name in rows if name.endswith(r"\assessable_uploaded")}
    assert len(uploads) == 4
    expected = uploads | {r"\mod_forum\event\discussion_subscription_created"}
    assert names_where(rows, "is_companion", "true") == expected


def test_counted_verbs_mean_exactly_these_names(rows: dict[str, dict[str, str]]) -> None:
    assert names_where(rows, "verb", "post") == {
        r"\mod_forum\event\discussion_created",
        r"\mod_forum\event\post_created",
    }
    assert names_where(rows, "verb", "login") == {r"\core\event\user_loggedin"}
    assert names_where(rows, "verb", "attempt") == {r"\mod_quiz\event\attempt_started"}
    assert names_where(rows, "verb", "submit") == SUBMITTED


def test_view_is_moodles_action_viewed(rows: dict[str, dict[str, str]]) -> None:
    # Two competency events go on to say where: competency_user_competency_viewed_in_plan.
    viewed = {name for name in rows if re.search(r"_viewed(_in_[a-z]+)?$", name)}
    assert names_where(rows, "verb", "view") == viewed


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_meaning_of_everyday_events(rows: dict[str, dict[str, str]], name: str) -> None:
    assert (rows[name]["activity_kind"], rows[name]["verb"]) == MEANINGS[name]


def test_only_learning_has_depth(rows: dict[str, dict[str, str]]) -> None:
    for name, row in rows.items():
        if row["activity_kind"] in ("administration", "session", "system"):
            assert row["cognitive_depth"] == "0", name
        if row["is_companion"] == "true":
            assert row["cognitive_depth"] == "0", name


def test_every_event_of_the_shared_site_is_known(rows: dict[str, dict[str, str]]) -> None:
    if not FACTS.exists():
        pytest.skip("the shared facts of site A are not beside the repository")
    counts = json.loads(FACTS.read_text(encoding="utf-8"))["log"]["by_event"]
    assert counts
    assert set(counts) - set(rows) == set()


def test_countries_have_one_real_zone_each() -> None:
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        countries = list(csv.DictReader(file))
    codes = [row["country_code"] for row in countries]
    assert codes == sorted(set(codes))
    assert len(codes) == 249
    assert all(re.fullmatch("[A-Z]{2}", code) for code in codes)
    assert len({row["country_name"] for row in countries}) == len(countries)
    zones = {row["country_code"]: row["timezone"] for row in countries}
    by_hand = {
        "AU": "Australia/Sydney",
        "BR": "America/Sao_Paulo",
        "CA": "America/Toronto",
        "CD": "Africa/Kinshasa",
        "CN": "Asia/Shanghai",
        "ES": "Europe/Madrid",
        "ET": "Africa/Addis_Ababa",
        "GH": "Africa/Accra",
        "ID": "Asia/Jakarta",
        "KE": "Africa/Nairobi",
        "MX": "America/Mexico_City",
        "NA": "Africa/Windhoek",
        "NG": "Africa/Lagos",
        "PT": "Europe/Lisbon",
        "RU": "Europe/Moscow",
        "US": "America/New_York",
    }
    assert {code: zones[code] for code in by_hand} == by_hand
    known = zoneinfo.available_timezones()
    if not known:
        pytest.skip("this machine has no time zone data")
    assert set(zones.values()) - known == set()
