"""Fields that the mapping names and Docebo does not have, found before everybody is read.

Only names and titles leave this module, never anybody's value. The fields there are: docs/contract/docebo.md 2.3 and 4.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.errors import ConfigError
from migrator.docebo.record import SOMETIMES, is_additional
from migrator.log.redact import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.config.schema import Config, MappingConfig
    from migrator.core.model import Json
    from migrator.docebo.client import DoceboClient

LONGEST_TITLE = 40


@dataclass(frozen=True, slots=True)
class MappedField:
    """A key of the mapping section, as in `attributes.city`, and the Docebo field it names."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class UnknownFields:
    """Mapped fields that Docebo does not have (`missing`), or that one page did not show (`unseen`).

    `titles` are those of the additional fields, by name; `own` are the names of all others that a record has.
    """

    missing: tuple[MappedField, ...] = ()
    unseen: tuple[MappedField, ...] = ()
    titles: Mapping[str, str] | None = None
    own: frozenset[str] = frozenset()

    def describe_missing(self) -> str:
        """The names that nobody has, and those that somebody could have meant."""
        found = "; ".join(
            f"{field.key}: {field.name}: no such field{self._meant(field.name)}" for field in self.missing
        )
        fields = ", ".join(f"{name} ({_shown(title)})" for name, title in (self.titles or {}).items())
        return f"{found}. Docebo's fields are {fields}." if fields else f"{found}."

    def describe_unseen(self) -> str:
        """The names that may be wrong."""
        return "; ".join(f"{field.key}: {field.name} is in no record of the first page" for field in self.unseen)

    def _meant(self, name: str) -> str:
        titled = {title.casefold(): field for field, title in (self.titles or {}).items()}
        known = {**{field.casefold(): field for field in self.own}, **titled}
        near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.75)
        return f" (did you mean {known[near[0]]}?)" if near else ""


def mapped_fields(mapping: MappingConfig) -> list[MappedField]:
    """Every field that the mapping names."""
    named = [MappedField("extra_login_ids", name) for name in mapping.extra_login_ids]
    if mapping.phone_field is not None:
        named.append(MappedField("phone_field", mapping.phone_field))
    named += [MappedField(f"attributes.{key}", one.field) for key, one in mapping.attributes.items()]
    return named + [
        MappedField(f"{key}.when.{field}", field) for key, rule in mapping.keyed_rules() for field in rule.when.fields
    ]


def find_unknown(
    named: Sequence[MappedField], titles: Mapping[str, str], records: Sequence[Json], *, all_titles: bool
) -> UnknownFields:
    """Judge names by the additional fields' titles and by the records of a page.

    A record may lack a field that nobody filled in, so an additional field is missing only when all titles are
    known and none is its own. A page without users says nothing about other fields.

    Args:
        named: what the mapping names.
        titles: the additional fields' titles by name.
        records: raw records.
        all_titles: whether `titles` are all there are; otherwise a name may still be right.
    """
    shown = frozenset(name for record in records if isinstance(record, dict) for name in record)
    unknown = [field for field in named if field.name not in titles and field.name not in shown]
    doubtful = [field for field in unknown if field.name in SOMETIMES or not all_titles]
    decided = [field for field in unknown if field not in doubtful and (shown or is_additional(field.name))]
    own = frozenset(name for name in shown if not is_additional(name))
    return UnknownFields(tuple(decided), tuple(doubtful) if shown else (), titles, own)


def ask_docebo(client: DoceboClient, mapping: MappingConfig) -> UnknownFields:
    """Find the mapping's unknown fields with as few calls as possible: none, the titles, or one page of users too.

    Raises:
        StopRun: the page cannot be read.
    """
    named = mapped_fields(mapping)
    if not named:
        return UnknownFields()
    titles, all_titles = client.additional_fields()
    if all(field.name in titles for field in named):
        return UnknownFields()
    return find_unknown(named, titles, client.users(1, "").items, all_titles=all_titles)


def missing_fields_error(unknown: UnknownFields, config: Config) -> ConfigError:
    """The error about fields that nobody has."""
    places = dict.fromkeys(config.place_of(f"mapping.{field.key}") for field in unknown.missing)
    return ConfigError(
        f"The mapping names fields that Docebo does not have: {unknown.describe_missing()}",
        fix=f"Correct {', '.join(places)}.",
    )


def _shown(title: str) -> str:
    text = visible(title)
    return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1]}…"
