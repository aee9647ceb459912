"""Which keys of the mapping section have changed since it was bound, and from what to what. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.core.model import Json

MOST_CHANGES = 5
UNSET = "not set"
_ATTRIBUTES = "mapping.attributes."


def describe_changes(old: str | None, new: str) -> str:
    """Up to five changes as `mapping.attributes.city: field_4 -> field_44; mapping.login_id: email -> username`.

    Args:
        old: the bound section, as JSON; None if an older version did not store it.
        new: the configuration's section, as JSON.

    Returns:
        "" if it is unknown what changed.
    """
    if old is None:
        return ""
    before, after = (dict(_leaves("mapping", json.loads(text))) for text in (old, new))
    named = [
        f"{key}: {before.get(key, UNSET)} -> {after.get(key, UNSET)}"
        for key in sorted({*before, *after})
        if before.get(key, UNSET) != after.get(key, UNSET)
    ]
    more = [f"and {len(named) - MOST_CHANGES} more"] if len(named) > MOST_CHANGES else []
    return "; ".join([*named[:MOST_CHANGES], *more])


def _leaves(key: str, value: Json) -> Iterator[tuple[str, str]]:
    """Every value with its dotted key; a list is one value, because its order counts, and so is a typed attribute."""
    if isinstance(value, dict) and "field" in value and key.startswith(_ATTRIBUTES):
        yield key, f"{{{', '.join(f'{name}: {_shown(below)}' for name, below in value.items())}}}"
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(f"{key}.{name}", below)
    elif value is None:
        yield key, UNSET
    else:
        yield key, _shown(value)


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False).replace('"', "")
