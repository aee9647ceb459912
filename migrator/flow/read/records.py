"""What a record becomes, and what it is known by the next time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.core.model import canonical_json, text_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.config.schema import Config
    from migrator.core.choices import UserChoice
    from migrator.core.model import Json, Normalized
    from migrator.normalize.mapping import Normalizer


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Normalizes records; a trial's records are known by nothing.

    `choices` are the decisions of people in force, by Docebo user id.
    """

    config: Config
    normalize: Normalizer
    choices: Mapping[str, UserChoice]
    is_trial: bool = False
    _rules: str = field(init=False)

    def __post_init__(self) -> None:
        rules = f"{self.normalize.fingerprint}:{','.join(sorted(self.config.policy.include))}"
        object.__setattr__(self, "_rules", rules)

    def read(self, item: Json, key: str | None) -> Normalized:
        """The user of a record, to be stored.

        Args:
            key: its Docebo user id, None for a record without one.
        """
        return self.normalized(item, *self.text_and_hash(item, key))

    def normalized(self, item: Json, raw: str, record_hash: str) -> Normalized:
        """The same where text and hash are at hand."""
        return replace(self.normalize(item), raw=raw, record_hash=record_hash)

    def text_and_hash(self, item: Json, key: str | None) -> tuple[str, str]:
        """A record's text and what it is known by: other rules, decisions, branches or groups give another hash."""
        raw = canonical_json(item)
        if self.is_trial:
            return raw, ""
        user_id = key or ""
        choice = self.choices.get(user_id)
        decided = f"{choice.fingerprint}:" if choice else ""
        return raw, text_hash(f"{self._rules}:{self.normalize.lists_of(user_id)}{decided}{raw}")
