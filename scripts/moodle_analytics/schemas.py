"""The schemas that dbt and this package write to."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Schemas:
    """Where a dbt target has its layers, and the record of readers.

    Marts are built in `working` and read in `marts`, where a whole run appears at once.
    """

    marts: str = "marts"
    working: str = "marts_build"
    intermediate: str = "intermediate"
    staging: str = "staging"
    access: str = "access"

    @classmethod
    def of(cls, target: str | None) -> Schemas:
        """Give the schemas of a dbt target as profiles.example.yml names them (None: prod)."""
        if target in (None, "prod"):
            return cls()
        return cls(**{field.name: f"{target}_{field.default}" for field in fields(cls)})
