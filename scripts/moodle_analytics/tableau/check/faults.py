"""What a check finds: a line each, with file, place, what is wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field

REBUILD = "run `moodle-analytics tableau build`"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, or only odd (`is_warning`)."""

    file: str
    place: str
    what: str
    advice: str
    is_warning: bool = False

    def __str__(self) -> str:
        """Give the line for people."""
        kind = "warning: " if self.is_warning else ""
        place = f"{self.place}: " if self.place else ""
        return f"{self.file}: {kind}{place}{self.what} ({self.advice})"


@dataclass
class Report:
    """What was found in one file; `add` and `warn` keep each finding once."""

    file: str
    found: dict[Fault, None] = field(default_factory=dict)

    def add(self, place: str, what: str, advice: str = REBUILD) -> None:
        """Note a fault."""
        self.found[Fault(self.file, place, what, advice)] = None

    def warn(self, place: str, what: str, advice: str) -> None:
        """Note what is odd, but may be meant."""
        self.found[Fault(self.file, place, what, advice, is_warning=True)] = None

    def has_faults(self) -> bool:
        """Say whether anything is wrong, warnings aside."""
        return any(not fault.is_warning for fault in self.found)
