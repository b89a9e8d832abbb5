"""The schemas that dbt and this package write to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schemas:
    """Where a dbt target has its layers, and the record of readers."""

    marts: str = "marts"
    intermediate: str = "intermediate"
    staging: str = "staging"
    access: str = "access"

    @classmethod
    def of(cls, target: str | None) -> Schemas:
        """Give the schemas of a dbt target as profiles.example.yml names them (None: prod)."""
        if target in (None, "prod"):
            return cls()
        return cls(*(f"{target}_{name}" for name in ("marts", "intermediate", "staging", "access")))
