"""OULAD's seven files in small, by hand: eleven learners, three presentations with clicks."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

Rows = list[tuple[str, ...]]
Site = dict[str, list[dict[str, str | None]]]
DAY = 86_400
# The first Mondays of February and October 2013, in seconds since 1970.
START_B = int(datetime(2013, 2, 4, tzinfo=UTC).timestamp())
START_J = int(datetime(2013, 10, 7, tzinfo=UTC).timestamp())
# Courses by start and name.
COURSE_B, COURSE_J, COURSE_C = 2, 3, 4

B, J, C, LATER = ("BBB", "2013B"), ("BBB", "2013J"), ("CCC", "2013J"), ("BBB", "2014J")

HEADERS = {
    "courses": "code_module code_presentation module_presentation_length",
    "assessments": ("code_module code_presentation id_assessment assessment_type date weight"),
    "vle": "id_site code_module code_presentation activity_type week_from week_to",
    "studentInfo": (
        "code_module code_presentation id_student gender region highest_education imd_band "
        "age_band num_of_prev_attempts studied_credits disability final_result"
    ),
    "studentRegistration": (
        "code_module code_presentation id_student date_registration date_unregistration"
    ),
    "studentAssessment": "id_assessment id_student date_submitted is_banked score",
    "studentVle": "code_module code_presentation id_student id_site date sum_click",
}


def _info(
    presentation: tuple[str, str],
    student: int,
    traits: str,
    attempts: int,
    result: str,
) -> tuple[str, ...]:
    gender, age_band, disability = traits.split()
    return (
        *presentation, str(student), gender, "Wales", "A Level", "", age_band,
        str(attempts), "60", disability, result,
    )  # fmt: skip


def tables() -> dict[str, Rows]:
    """Give the rows of each file; an empty text is a missing value."""
    return {
        "courses": [(*B, "240"), (*J, "268"), (*C, "241"), (*LATER, "262")],
        "assessments": [
            (*B, "101", "TMA", "19", "20"),
            (*B, "102", "CMA", "40", "5"),
            (*B, "103", "TMA", "", "0"),
            (*B, "104", "Exam", "", "100"),
            (*J, "111", "TMA", "12", "100"),
            (*LATER, "121", "TMA", "12", "100"),
        ],
        "vle": [
            ("901", *B, "forumng", "", ""),
            ("902", *B, "oucontent", "1", "2"),
            ("903", *B, "homepage", "", ""),
            ("904", *B, "quiz", "", ""),
            ("905", *B, "hologram", "", ""),
            # The same number again, in another presentation.
            ("901", *J, "resource", "", ""),
            ("911", *C, "url", "", ""),
            ("921", *LATER, "url", "", ""),
        ],
        "studentInfo": [
            _info(B, 1, "F 0-35 N", 0, "Pass"),
            _info(B, 2, "M 0-35 N", 0, "Fail"),
            _info(B, 3, "F 55<= Y", 2, "Withdrawn"),
            _info(B, 4, "M 35-55 N", 0, "Distinction"),
            _info(B, 5, "M 35-55 N", 0, "Withdrawn"),
            _info(B, 6, "F 0-35 N", 0, "Withdrawn"),
            _info(J, 2, "M 35-55 N", 1, "Pass"),
            _info(J, 7, "F 0-35 N", 0, "Pass"),
            _info(J, 8, "F 0-35 Y", 0, "Withdrawn"),
            _info(C, 7, "F 0-35 N", 0, "Fail"),
            _info(C, 9, "M 0-35 N", 0, "Pass"),
            _info(C, 10, "M 0-35 N", 0, "Pass"),
            _info(C, 12, "M 0-35 N", 0, "Pass"),
            _info(LATER, 11, "M 0-35 N", 0, "Pass"),
        ],
        "studentRegistration": [
            (*B, "1", "-20", ""),
            (*B, "2", "", ""),
            (*B, "3", "-5", "30"),
            (*B, "4", "-10", ""),
            (*B, "5", "", "-3"),
            (*B, "6", "10", "10"),
            (*J, "2", "-30", ""),
            (*J, "7", "-30", ""),
            (*J, "8", "-30", "50"),
            (*C, "7", "-1", ""),
            (*C, "9", "-1", ""),
            (*C, "10", "-1", ""),
            (*C, "12", "-1", ""),
            (*LATER, "11", "-1", ""),
        ],
        "studentAssessment": [
            ("101", "1", "19", "0", "80"),
            ("101", "2", "20", "0", "30"),
            ("101", "4", "-1", "1", "70"),
            ("102", "1", "38", "0", "55"),
            ("102", "2", "40", "0", ""),
            ("104", "1", "200", "0", "61"),
            ("111", "2", "10", "0", "50"),
            ("121", "11", "10", "0", "50"),
        ],
        "studentVle": [
            (*B, "1", "901", "0", "4"),
            (*B, "2", "902", "0", "1"),
            (*B, "1", "903", "0", "2"),
            (*B, "1", "901", "7", "1"),
            (*B, "3", "905", "-3", "1"),
            (*B, "4", "904", "21", "1"),
            (*J, "7", "901", "2", "3"),
            (*C, "7", "911", "2", "2"),
            (*J, "7", "901", "2", "1"),
            (*J, "2", "901", "268", "1"),
            (*C, "9", "911", "5", "1"),
        ],
    }


def write(
    folder: Path, rows: dict[str, Rows], *, official: bool = False, packed: bool = False
) -> Path:
    """Write the files; `official` quotes values and has '?' for missing ones, as OULAD does."""
    folder.mkdir(exist_ok=True)
    for name, header in HEADERS.items():
        lines = [header.split(), *rows[name]]
        if official:
            text = "".join(
                ",".join(f'"{value or "?"}"' for value in line) + "\r\n" for line in lines
            )
        else:
            # Whole numbers with a fraction, as pandas writes a column that lacks some.
            text = "".join(",".join(_loose(name, value) for value in line) + "\n" for line in lines)
        if packed:
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / f"{name}.csv").write_text(text)
    return folder


def _loose(name: str, value: str) -> str:
    if name == "studentRegistration" and value.lstrip("-").isdigit():
        return f"{value}.0"
    return value


def read_dump(path: Path) -> Site:
    """Read a dump's COPY data back: table, without prefix -> rows, NULL as None."""
    found: Site = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if not line.startswith("copy "):
                continue
            table = found.setdefault(line.split('"')[1].removeprefix("mdl_"), [])
            columns = line.split("(")[1].split(")")[0].replace('"', "").split(", ")
            for row in file:
                if row == "\\.\n":
                    break
                values = row.rstrip("\n").split("\t")
                table.append(
                    {
                        column: None if value == "\\N" else value.replace("\\\\", "\\")
                        for column, value in zip(columns, values, strict=True)
                    }
                )
    return found


def count_rows(path: Path) -> Counter[str]:
    """Count a dump's rows by table and, of the log, by event as well."""
    found: Counter[str] = Counter()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if not line.startswith("copy "):
                continue
            table = line.split('"')[1].removeprefix("mdl_")
            for row in file:
                if row == "\\.\n":
                    break
                found[table] += 1
                if table == "logstore_standard_log":
                    found[row.split("\t", 1)[0].split("\\")[-1]] += 1
    return found


def user(student: int) -> str:
    return str(10_000_000 + student)


def at(start: int, day: int, second: int = 0) -> str:
    return str(start + day * DAY + second)


def events(site: Site, name: str) -> list[dict[str, str | None]]:
    return [row for row in site["logstore_standard_log"] if str(row["eventname"]).endswith(name)]


def picked(rows: list[dict[str, str | None]], *columns: str) -> list[tuple[str | None, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=str)
