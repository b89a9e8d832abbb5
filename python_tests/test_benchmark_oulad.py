"""OULAD as a Moodle site: each row of the dump follows from a row of the files, by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from handmade_oulad import (
    COURSE_B,
    COURSE_C,
    COURSE_J,
    DAY,
    START_B,
    START_J,
    B,
    Site,
    at,
    events,
    picked,
    read_dump,
    tables,
    user,
    write,
)
from moodle_analytics.benchmark import writing
from moodle_analytics.benchmark.mapping import Mapped, find, latest_test
from moodle_analytics.benchmark.writing import write_dump
from moodle_analytics.errors import UserError


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oulad")
    write_dump(write(folder / "csv", tables()), folder / "oulad.sql.gz")
    return folder / "oulad.sql.gz"


@pytest.fixture(scope="module")
def site(dump: Path) -> Site:
    return read_dump(dump)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    folder = tmp_path_factory.mktemp("mapped")
    return write_dump(write(folder / "csv", tables()), folder / "oulad.sql.gz")


def test_presentations_are_courses(mapped: Mapped, site: Site) -> None:
    found = [
        (one.name, one.course_id, one.starts_on, one.ends_on, one.learners, one.clicks)
        for one in mapped.presentations
    ]
    assert found == [
        ("BBB 2013B", COURSE_B, date(2013, 2, 4), date(2013, 10, 2), 6, 6),
        ("BBB 2013J", COURSE_J, date(2013, 10, 7), date(2014, 7, 2), 3, 3),
        ("CCC 2013J", COURSE_C, date(2013, 10, 7), date(2014, 6, 5), 4, 2),
    ]
    assert mapped.left_out == ("BBB 2014J",)
    assert mapped.log_rows == len(site["logstore_standard_log"])
    assert picked(site["course"][1:], "shortname", "category", "startdate") == [
        ("BBB 2013B", "1", str(START_B)),
        ("BBB 2013J", "1", str(START_J)),
        ("CCC 2013J", "2", str(START_J)),
    ]


def test_unknown_kinds_are_said(mapped: Mapped, site: Site) -> None:
    assert mapped.remarks == ("Unknown kinds of activity were taken for a page: hologram.",)
    modules = {row["id"]: row["name"] for row in site["modules"]}
    kinds = {
        (row["course"], row["idnumber"]): modules[row["module"]] for row in site["course_modules"]
    }
    assert kinds == {
        ("2", "101"): "assign", ("2", "102"): "quiz", ("2", "103"): "assign",
        ("2", "901"): "forum", ("2", "902"): "book", ("2", "904"): "quiz", ("2", "905"): "page",
        ("3", "111"): "assign", ("3", "901"): "resource", ("4", "911"): "url",
    }  # fmt: skip


def test_views_are_the_rows_of_the_file(site: Site) -> None:
    viewed = events(site, "course_module_viewed") + events(site, "course_viewed")
    noon = DAY // 2
    assert picked(viewed, "userid", "courseid", "timecreated") == sorted(
        [
            (user(1), "2", at(START_B, 0, noon)),
            (user(1), "2", at(START_B, 0, noon + 1)),
            (user(2), "2", at(START_B, 0, noon)),
            (user(1), "2", at(START_B, 7, noon)),
            (user(3), "2", at(START_B, -3, noon)),
            (user(4), "2", at(START_B, 21, noon)),
            # One learner's day is one row of seconds, whatever the course.
            (user(7), "3", at(START_J, 2, noon)),
            (user(7), "4", at(START_J, 2, noon + 1)),
            (user(7), "3", at(START_J, 2, noon + 2)),
            (user(2), "3", at(START_J, 268, noon)),
            (user(9), "4", at(START_J, 5, noon)),
        ]
    )
    home = events(site, "\\core\\event\\course_viewed")
    assert picked(home, "userid", "contextlevel", "contextinstanceid") == [(user(1), "50", "2")]
    contexts = {row["id"]: (row["contextlevel"], row["instanceid"]) for row in site["context"]}
    for row in site["logstore_standard_log"]:
        assert contexts[row["contextid"]] == (row["contextlevel"], row["contextinstanceid"])


def test_log_ids_follow_time(site: Site) -> None:
    log = site["logstore_standard_log"]
    assert [row["id"] for row in log] == [str(number) for number in range(1, len(log) + 1)]
    times = [int(str(row["timecreated"])) for row in log]
    assert times == sorted(times)


def test_enrolments(site: Site) -> None:
    lasting = picked(site["user_enrolments"], "enrolid", "userid", "timestart")
    assert lasting == [
        ("1", user(1), at(START_B, -20)),
        ("1", user(2), at(START_B, 0)),
        ("1", user(4), at(START_B, -10)),
        ("2", user(2), at(START_J, -30)),
        ("2", user(7), at(START_J, -30)),
        *(("3", user(one), at(START_J, -1)) for one in (7, 9, 10, 12)),
    ]
    assert picked(site["role_assignments"], "userid") == picked(site["user_enrolments"], "userid")
    gone = picked(events(site, "enrolment_deleted"), "relateduserid", "courseid", "timecreated")
    assert gone == sorted(
        [
            (user(3), "2", at(START_B, 30, DAY // 2)),
            (user(5), "2", at(START_B, -3, DAY // 2)),
            (user(6), "2", at(START_B, 10, DAY // 2)),
            (user(8), "3", at(START_J, 50, DAY // 2)),
            # Earlier attempts: two of learner 3, one of learner 2.
            (user(3), "2", at(START_B, -5, -3_600)),
            (user(3), "2", at(START_B, -5, -3 * 3_600)),
            (user(2), "3", at(START_J, -30, -3_600)),
        ]
    )
    created = events(site, "enrolment_created")
    began = {(row["relateduserid"], row["timecreated"]) for row in created}
    # Without a day of registration: from the start, or from the day of leaving if before.
    assert {(user(2), at(START_B, 0)), (user(5), at(START_B, -3))} < began
    assert {(user(3), at(START_B, -5, -hours * 3_600)) for hours in (0, 2, 4)} < began
    assert len(created) == 13 + 3 == len(events(site, "role_assigned"))
    assert len(events(site, "role_unassigned")) == len(gone)
    assert len({row["objectid"] for row in created}) == len(created)


def test_other_says_what_moodle_says(site: Site) -> None:
    def other(name: str, learner: str, by: str) -> object:
        row = next(row for row in events(site, name) if row[by] == learner)
        return json.loads(str(row["other"]))

    gone = next(row for row in events(site, "enrolment_deleted") if row["relateduserid"] == user(8))
    assert json.loads(str(gone["other"])) == {
        "userenrolment": {
            "id": gone["objectid"], "userid": user(8), "courseid": "3", "lastenrol": True
        },
        "enrol": "manual",
    }  # fmt: skip
    assigned = other("role_assigned", user(8), "relateduserid")
    assert assigned == {"id": int(str(gone["objectid"])), "component": "", "itemid": 0}
    assert other("role_unassigned", user(8), "relateduserid") == assigned
    assert other("assessable_submitted", user(1), "userid") == {"submission_editable": False}
    items = {row["itemname"]: row["id"] for row in site["grade_items"]}
    assert other("user_graded", user(2), "relateduserid") == {
        "itemid": items["TMA 1"], "overridden": False, "finalgrade": 30.0
    }  # fmt: skip
    assert other("course_module_viewed", user(1), "userid") is None


def test_cohorts_hold_the_latest_traits(site: Site) -> None:
    names = {row["id"]: row["idnumber"] for row in site["cohort"]}
    members = {
        (names[row["cohortid"]], int(str(row["userid"])) - 10_000_000)
        for row in site["cohort_members"]
    }
    by_name = {
        name: {student for cohort, student in members if cohort == name} for name in names.values()
    }
    assert by_name == {
        "gender_F": {1, 3, 6, 7, 8},
        "gender_M": {2, 4, 5, 9, 10, 12},
        "age_band_0-35": {1, 6, 7, 8, 9, 10, 12},
        "age_band_35-55": {2, 4, 5},
        "age_band_55<=": {3},
        "disability_N": {1, 2, 4, 5, 6, 7, 9, 10, 12},
        "disability_Y": {3, 8},
    }
    assert {row["firstname"] for row in site["user"] if "firstname" in row} == set()


def test_deadlines_are_the_end_of_the_day(site: Site) -> None:
    last = DAY - 1
    assert picked(site["assign"], "course", "name", "duedate") == [
        ("2", "TMA 1", at(START_B, 19, last)),
        ("2", "TMA 2", "0"),
        ("3", "TMA", at(START_J, 12, last)),
    ]
    assert picked(site["quiz"], "name", "timeclose") == [
        ("CMA", at(START_B, 40, last)),
        ("quiz 904", "0"),
    ]


def test_submissions_and_grades(site: Site) -> None:
    noon = DAY // 2
    sent = picked(site["assign_submission"], "userid", "timemodified", "status", "latest")
    assert sent == [
        (user(1), at(START_B, 19, noon), "submitted", "1"),
        (user(2), at(START_B, 20, noon), "submitted", "1"),
        (user(2), at(START_J, 10, noon), "submitted", "1"),
    ]
    tried = picked(site["quiz_attempts"], "userid", "timefinish", "state", "sumgrades")
    assert tried == [
        (user(1), at(START_B, 38, noon), "finished", "55.00000"),
        (user(2), at(START_B, 40, noon), "finished", None),
    ]
    items = {row["id"]: row["itemname"] for row in site["grade_items"]}
    grades = [
        (
            items[row["itemid"]],
            row["userid"],
            row["finalgrade"],
            row["timemodified"],
            row["excluded"],
        )
        for row in site["grade_grades"]
    ]
    assert sorted(grades, key=str) == sorted(
        [
            ("TMA 1", user(1), "80.00000", at(START_B, 33, noon), "0"),
            ("TMA 1", user(2), "30.00000", at(START_B, 34, noon), "0"),
            ("TMA 1", user(4), "70.00000", at(START_B, -10), at(START_B, -10)),
            ("CMA", user(1), "55.00000", at(START_B, 38, noon), "0"),
            ("Exam", user(1), "61.00000", at(START_B, 254), "0"),
            ("TMA", user(2), "50.00000", at(START_J, 24, noon), "0"),
        ],
        key=str,
    )
    same = ("itemid", "userid", "finalgrade", "timemodified", "excluded", "usermodified")
    assert picked(site["grade_grades_history"], *same) == picked(site["grade_grades"], *same)
    assert len(events(site, "user_graded")) == 6
    assert len(events(site, "assessable_submitted")) == 3 == len(events(site, "_uploaded"))
    assert len(events(site, "attempt_submitted")) == 2


def test_completions(site: Site) -> None:
    end_b, end_j, end_c = at(START_B, 240), at(START_J, 268), at(START_J, 241)
    assert picked(site["course_completions"], "course", "userid", "timecompleted") == [
        ("2", user(1), end_b), ("2", user(2), None), ("2", user(4), end_b),
        ("3", user(2), end_j), ("3", user(7), end_j),
        ("4", user(7), None), ("4", user(9), end_c), ("4", user(10), end_c), ("4", user(12), end_c),
    ]  # fmt: skip


def test_every_form_of_the_files_gives_the_same_bytes(dump: Path, tmp_path: Path) -> None:
    for name, options in {
        "again": {},
        "official": {"official": True},
        "packed": {"packed": True},
    }.items():
        write_dump(write(tmp_path / name, tables(), **options), tmp_path / f"{name}.sql.gz")
        assert (tmp_path / f"{name}.sql.gz").read_bytes() == dump.read_bytes(), name


def test_strangers_and_lost_sites_are_said(tmp_path: Path) -> None:
    rows = tables()
    rows["studentVle"] += [(*B, "99", "777", "3", "1")]
    mapped = write_dump(write(tmp_path / "csv", rows), tmp_path / "to.sql.gz")
    assert mapped.remarks[0].startswith("1 clicked sites stand nowhere in vle.csv, 777")
    assert mapped.remarks[2].startswith("1 learners have clicks in a presentation and no row")
    site = read_dump(tmp_path / "to.sql.gz")
    assert (user(99), "2") in picked(events(site, "_viewed"), "userid", "courseid")


BAD = {
    "date": ("studentVle", 3, 4, "soon", r"studentVle.csv, line 5: date is 'soon' where a number"),
    "part": ("assessments", 0, 2, "1.5", r"assessments.csv, line 2: id_assessment is '1.5'"),
    "score": ("studentAssessment", 1, 4, "101", r"line 3: score is '101' where a number from 0 to"),
    "none": ("studentInfo", 0, 2, "", r"studentInfo.csv, line 2: id_student is missing"),
    "flag": ("studentAssessment", 0, 3, "maybe", r"is_banked is 'maybe' where 0 or 1"),
    "result": ("studentInfo", 2, 11, "Gone", r"line 4: final_result is 'Gone' where Pass or"),
    "twice": ("studentInfo", 1, 2, "1", r"presentation BBB 2013B, id_student 1 twice"),
    "course": ("courses", 0, 1, "2012B", r"clicks of BBB 2013B, which is not in .*courses.csv"),
    "name": ("studentVle", 0, 1, "2013X", r"names the presentation 'BBB 2013X'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_are_named(tmp_path: Path, case: str) -> None:
    name, row, column, value, sentence = BAD[case]
    rows = tables()
    line = list(rows[name][row])
    line[column] = value
    rows[name][row] = tuple(line)
    refused(write(tmp_path / "csv", rows), tmp_path, sentence)


def test_bad_folders_are_named(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", tmp_path, r"There is no folder .*nowhere")
    folder = write(tmp_path / "csv", tables())
    text = (folder / "vle.csv").read_text()
    (folder / "vle.csv").write_text(text.replace("activity_type", "kind"))
    refused(folder, tmp_path, r"vle.csv lacks the column activity_type \(it has id_site, ")
    (folder / "vle.csv").unlink()
    (folder / "courses.csv").unlink()
    refused(folder, tmp_path, r"csv lacks courses.csv, vle.csv: copy")
    no_clicks = tables() | {"studentVle": []}
    refused(write(tmp_path / "empty", no_clicks), tmp_path, r"studentVle.csv holds no clicks")
    packed = write(tmp_path / "packed", tables(), packed=True)
    whole = (packed / "studentVle.csv.gz").read_bytes()
    (packed / "studentVle.csv.gz").write_bytes(whole[:-20])
    refused(packed, tmp_path, r"studentVle.csv.gz cannot be read \(.*\): copy or unpack it again")


def test_a_dump_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "csv", tables())
    refused(folder, tmp_path / "nowhere", r"The dump .*refused.sql.gz cannot be written: No such")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "copy_text", fail)
    with pytest.raises(KeyboardInterrupt):
        write_dump(folder, tmp_path / "cut.sql.gz")
    assert list(tmp_path.glob("cut*")) == []


def test_clicks_alone_are_enough(tmp_path: Path) -> None:
    kept = ("courses", "vle", "studentVle")
    rows = {name: lines if name in kept else [] for name, lines in tables().items()}
    mapped = write_dump(write(tmp_path / "csv", rows), tmp_path / "alone.sql.gz")
    assert [one.learners for one in mapped.presentations] == [0, 0, 0]
    site = read_dump(tmp_path / "alone.sql.gz")
    assert len(site["logstore_standard_log"]) == len(rows["studentVle"])
    assert "user_enrolments" not in site


def refused(folder: Path, to: Path, sentence: str) -> None:
    with pytest.raises(UserError) as raised:
        write_dump(folder, to / "refused.sql.gz")
    assert re.search(sentence, str(raised.value)), raised.value
    assert "\n" not in str(raised.value)
    assert list(to.glob("refused*")) == []


@pytest.mark.parametrize(
    "text", ["BBB 2013J", "BBB_2013J", "bbb-2013j", "BBB/2013J", "bbb2013J", "BBB:2013J"]
)
def test_find_takes_any_form(mapped: Mapped, text: str) -> None:
    assert find(mapped, text).course_id == COURSE_J


def test_find_names_what_there_is(mapped: Mapped) -> None:
    with pytest.raises(UserError, match=r"no clicks .*BBB 2013B, BBB 2013J, CCC 2013J\.$"):
        find(mapped, "BBB 2014J")
    with pytest.raises(UserError, match=r"is not among"):
        find(mapped, "DDD 2013J")


def test_latest_test_has_an_earlier_presentation(mapped: Mapped) -> None:
    # CCC 2013J is as late and larger, but nothing of its module came before.
    assert latest_test(mapped).name == "BBB 2013J"
    before, after, other = mapped.presentations
    earlier = replace(other, name="CCC 2013B", starts_on=before.starts_on, ends_on=before.ends_on)
    for size, chosen in ((4, "CCC 2013J"), (2, "BBB 2013J")):
        larger = replace(other, learners=size)
        several = replace(mapped, presentations=(before, earlier, larger, after))
        assert latest_test(several).name == chosen
    # One that still ran when the other began can teach nothing.
    running = replace(before, ends_on=after.starts_on)
    for presentations in (mapped.presentations[1:], (running, after, other)):
        with pytest.raises(
            UserError, match=r"No module has clicks of a presentation that had ended"
        ):
            latest_test(replace(mapped, presentations=presentations))
