"""What a Descope user was like before this migration changed it (docs/decisions/0024). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.core.model import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.model import Json


@dataclass(frozen=True, slots=True)
class PreImage:
    """The fields that this migration changed, as they were before the first change.

    `before` holds the values by field name, an attribute's under `customAttributes.city` and None where it was not set;
    `sent` the hashes of what this migration has put there since. `at` is the epoch second of the first change,
    `had_credential` says whether the user could sign in then, and `was_used` whether `freshlyMigrated` was false
    already, as another migration leaves it. `moved` says that an address or login id was changed too, which no call
    takes back safely.
    """

    before: Mapping[str, Json] = field(repr=False)  # personal data
    sent: Mapping[str, frozenset[str]]
    at: float
    had_credential: bool
    moved: bool = False
    was_used: bool = False

    def followed_by(self, later: PreImage) -> PreImage:
        """The same after a further change: what was there first stays, and what was sent is added."""
        sent = {
            name: self.sent.get(name, frozenset()) | later.sent.get(name, frozenset())
            for name in (*self.sent, *later.sent)
        }
        return replace(self, before={**later.before, **self.before}, sent=sent, moved=self.moved or later.moved)

    def to_json(self) -> str:
        """Canonical JSON text; equal pre-images give equal text."""
        return canonical_json(
            {
                "before": dict(self.before),
                "sent": {name: sorted(hashes) for name, hashes in self.sent.items()},
                "at": self.at,
                "had_credential": self.had_credential,
                "moved": self.moved,
                "was_used": self.was_used,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> PreImage:
        """The inverse of `to_json`."""
        stored = json.loads(text)
        return cls(**stored | {"sent": {name: frozenset(hashes) for name, hashes in stored["sent"].items()}})
