"""Reads the CSV files of the Open University Learning Analytics Dataset."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moodle_analytics.benchmark.columns import (
    MISSING,
    Frame,
    check_keys,
    flags,
    numbers,
    opened,
    words,
)
from moodle_analytics.errors import UserError

Advance = Callable[[int], None]
SmallInts = NDArray[Any]

TEXT, FLAG, NUMBER, OPTIONAL_NUMBER = "text", "flag", "number", "number, may be missing"
COLUMNS = {
    "courses": {"module_presentation_length": NUMBER},
    "assessments": {
        "id_assessment": NUMBER,
        "assessment_type": TEXT,
        "date": OPTIONAL_NUMBER,
        "weight": OPTIONAL_NUMBER,
    },
    "vle": {"id_site": NUMBER, "activity_type": TEXT},
    "studentInfo": {
        "id_student": NUMBER,
        "gender": TEXT,
        "age_band": TEXT,
        "disability": TEXT,
        "num_of_prev_attempts": NUMBER,
        "final_result": TEXT,
    },
    "studentRegistration": {
        "id_student": NUMBER,
        "date_registration": OPTIONAL_NUMBER,
        "date_unregistration": OPTIONAL_NUMBER,
    },
    "studentAssessment": {
        "id_assessment": NUMBER,
        "id_student": NUMBER,
        "date_submitted": NUMBER,
        "is_banked": FLAG,
        "score": OPTIONAL_NUMBER,
    },
    "studentVle": {"id_student": NUMBER, "id_site": NUMBER, "date": NUMBER},
}
KEYS = {
    "courses": ("presentation",),
    "assessments": ("id_assessment",),
    "vle": ("presentation", "id_site"),
    "studentInfo": ("presentation", "id_student"),
    "studentRegistration": ("presentation", "id_student"),
    "studentAssessment": ("id_assessment", "id_student"),
}
PRESENTATION = ("code_module", "code_presentation")
_WITHOUT_PRESENTATION = "studentAssessment"
_CHUNK = 500_000


@dataclass(frozen=True)
class Clicks:
    """Rows of studentVle in the order of the file; `presentation` is a place in `names`."""

    names: tuple[str, ...]
    presentation: SmallInts
    student: SmallInts
    site: SmallInts
    day: SmallInts


@dataclass(frozen=True)
class Files:
    """The seven files. A presentation is named by its column `presentation`, as "BBB 2013J"."""

    courses: Frame
    assessments: Frame
    vle: Frame
    info: Frame
    registration: Frame
    submitted: Frame
    clicks: Clicks


def paths(folder: Path) -> dict[str, Path]:
    """Find each of the files, plain or gzipped. Raises UserError."""
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}: name the one that holds OULAD's CSV files (courses.csv "
            "and six others)."
        )
    found = {
        name: path
        for name in COLUMNS
        for path in (folder / f"{name}.csv.gz", folder / f"{name}.csv")
        if path.is_file()
    }
    missing = [f"{name}.csv" for name in COLUMNS if name not in found]
    if missing:
        raise UserError(
            f"{folder} lacks {', '.join(missing)}: copy OULAD's files there, plain or as .csv.gz."
        )
    return found


def read(folder: Path, advance: Advance) -> Files:
    """Read all files; `advance` hears the bytes read. Raises UserError for what cannot be read."""
    found = paths(folder)
    frames = {}
    for name, path in found.items():
        if name != "studentVle":
            frames[name] = _small(path, name)
            advance(path.stat().st_size)
    clicks = _clicks(found["studentVle"], advance)
    _check_presentations(frames["courses"], clicks, found)
    return Files(
        courses=frames["courses"],
        assessments=frames["assessments"],
        vle=frames["vle"],
        info=frames["studentInfo"],
        registration=frames["studentRegistration"],
        submitted=frames["studentAssessment"],
        clicks=clicks,
    )


def _small(path: Path, name: str) -> Frame:
    """Read one of the six small files with the columns that are used, typed and checked."""
    has_presentation = name != _WITHOUT_PRESENTATION
    wanted = [*(PRESENTATION if has_presentation else ()), *COLUMNS[name]]
    with opened(path, wanted) as file:
        raw = pd.read_csv(
            file, usecols=wanted, dtype=str, keep_default_na=False, na_values=list(MISSING)
        )
    frame = pd.DataFrame(index=raw.index)
    if has_presentation:
        module, code = (words(path, raw[column]) for column in PRESENTATION)
        frame["presentation"] = module + " " + code
    for column, kind in COLUMNS[name].items():
        if kind == TEXT:
            frame[column] = words(path, raw[column])
        elif kind == FLAG:
            frame[column] = flags(path, raw[column])
        else:
            frame[column] = numbers(path, raw[column], 2, is_needed=kind == NUMBER)
    check_keys(path, frame, KEYS[name])
    return frame


def _clicks(path: Path, advance: Advance) -> Clicks:
    """Read studentVle in chunks into small arrays: it has ten million rows."""
    columns = COLUMNS["studentVle"]
    names: dict[str, int] = {}
    parts: list[list[SmallInts]] = []
    rows = before = 0
    with opened(path, [*PRESENTATION, *columns]) as file:
        chunks = pd.read_csv(
            file,
            usecols=[*PRESENTATION, *columns],
            dtype=dict.fromkeys(PRESENTATION, "category"),
            keep_default_na=False,
            na_values=list(MISSING),
            chunksize=_CHUNK,
            low_memory=False,
        )
        for chunk in chunks:
            values = [
                numbers(path, chunk[column], rows + 2, is_needed=True).to_numpy(dtype=np.int32)
                for column in columns
            ]
            parts.append([_presentations(chunk, names), *values])
            rows += len(chunk)
            position = file.tell()
            advance(position - before)
            before = position
    if not rows:
        raise UserError(f"{path} holds no clicks: take the file as OULAD published it.")
    joined = [np.concatenate([part[place] for part in parts]) for place in range(len(parts[0]))]
    return Clicks(tuple(names), *joined)


def _presentations(chunk: Frame, names: dict[str, int]) -> SmallInts:
    """Give each row's presentation as a number; new ones are appended to `names`."""
    modules, codes = (chunk[column].cat for column in PRESENTATION)
    width = len(codes.categories) + 1
    pairs = (modules.codes.to_numpy().astype(np.int64) + 1) * width + codes.codes.to_numpy() + 1
    kinds, place = np.unique(pairs, return_inverse=True)
    found = []
    for kind in kinds.tolist():
        module, code = divmod(kind, width)
        texts = (
            str(categories[number - 1]).strip() if number else ""
            for categories, number in ((modules.categories, module), (codes.categories, code))
        )
        found.append(names.setdefault(" ".join(texts), len(names)))
    return np.array(found, dtype=np.int16)[place]


def _check_presentations(courses: Frame, clicks: Clicks, found: dict[str, Path]) -> None:
    odd = sorted(name for name in clicks.names if not re.fullmatch(r"\S.* [12]\d{3}[BJ]", name))
    if odd:
        raise UserError(
            f"{found['studentVle']} names the presentation {odd[0]!r}, and a module with a year "
            "and B or J is expected, as BBB 2013J: take the file as OULAD published it."
        )
    unknown = sorted(set(clicks.names) - set(courses["presentation"]))
    if unknown:
        raise UserError(
            f"{found['studentVle']} has clicks of {', '.join(unknown)}, which is not in "
            f"{found['courses']}: add its row there, with its length in days."
        )
