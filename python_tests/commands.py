"""Running a command of the package within the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from moodle_analytics import cli


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give what runs a command as its entry point does."""
    monkeypatch.setenv("COLUMNS", "160")

    def run_command(*arguments: str) -> Result:
        monkeypatch.setattr("sys.argv", ["moodle-analytics", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return Result(int(end.value.code or 0), printed.out, printed.err)

    return run_command
