"""What a sheet has on its shelves: each reference brings its instance and its columns along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from moodle_analytics.dashboard.specification import Sheet, Specification
from moodle_analytics.tableau import datasources
from moodle_analytics.tableau.fields import (
    MEASURE_NAMES,
    MEASURE_VALUES,
    Field,
    Instance,
    Model,
    computed,
    dimension,
    in_words,
)
from moodle_analytics.tableau.xml import Element, element


@dataclass
class Shelves:
    """The fields of one sheet, noted as they are used."""

    specification: Specification
    sheet: Sheet
    model: Model
    used: dict[str, Instance] = field(default_factory=dict)

    def place(self, instance: Instance) -> str:
        """Give the full name of an instance, and note it."""
        self.used[instance.name] = instance
        return self.model.refer(instance.name)

    def heading(self, column: str) -> str:
        """Place a column as a heading."""
        return self.place(dimension(self.model.fields[column]))

    def measure(self, name: str) -> str:
        """Place a measure."""
        return self.place(computed(self.specification.measures[name]))

    def words(self, name: str) -> str:
        """Place a measure as a text, which says what NULL means."""
        return self.place(in_words(self.specification.measures[name]))

    def show(self, name: str) -> str:
        """Place a measure or a column."""
        return self.measure(name) if name in self.specification.measures else self.heading(name)

    def names(self) -> str:
        """Place the names of the measures that stand together."""
        return self.model.refer(MEASURE_NAMES)

    def values(self) -> str:
        """Place the values of the measures that stand together."""
        return self.model.refer(MEASURE_VALUES)

    def caption(self, name: str) -> str:
        """Say what a column or a measure is called in this sheet."""
        return self.specification.caption(name)

    def dependencies(self) -> Element:
        """Give the columns and the instances that were noted."""
        columns: dict[str, Field] = {}
        for instance in self.used.values():
            of = self.model.fields[instance.field]
            columns[of.name] = of
            for name in of.uses:
                columns[name] = self.model.fields[name]
        return element(
            "datasource-dependencies",
            {"datasource": self.model.name},
            [
                *(datasources.column(columns[name]) for name in sorted(columns)),
                *(datasources.instance_element(self.used[name]) for name in sorted(self.used)),
            ],
        )


def nested(references: Iterable[str]) -> str:
    """Write headings within each other, as a shelf has them."""
    listed = list(references)
    found = listed.pop()
    while listed:
        found = f"({listed.pop()} / {found})"
    return found
