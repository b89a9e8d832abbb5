"""What a build's models, seeds and vars are, so that the next one sees whether it may go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

# They say what one build does, not what its tables mean.
_PASSING = frozenset({"since", "forget_history", "fingerprint", "log_lookback_rows"})
_MEANING = ("models/**/*.sql", "macros/**/*.sql", "seeds/**/*.csv")


def fingerprint(project: Path, variables: Mapping[str, object]) -> str:
    """Give 32 hexadecimal digits of the project's SQL, seeds and of all `variables` together."""
    digest = hashlib.sha256()
    lasting = {name: value for name, value in variables.items() if name not in _PASSING}
    digest.update(json.dumps(lasting, sort_keys=True, default=str).encode())
    for pattern in _MEANING:
        for path in sorted(project.glob(pattern)):
            digest.update(str(path.relative_to(project)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
