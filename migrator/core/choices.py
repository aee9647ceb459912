"""What a person can decide about one user in problems.csv (docs/decisions/0026). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from migrator.core.model import text_hash

if TYPE_CHECKING:
    from collections.abc import Mapping


class Choice(StrEnum):
    """The decisions, in the words of problems.csv."""

    SKIP = "skip"  # leave this user out
    KEEP = "keep"  # of several users with one login, migrate this one
    LINK = "link"  # adopt the Descope user that was found
    LOGIN_ID = "login_id"  # migrate with this login id


TAKE_BACK = "none"  # the word that takes an earlier decision back


@dataclass(frozen=True, slots=True)
class UserChoice:
    """One decision.

    `value` is the only Descope user that LINK may adopt, or the login id of LOGIN_ID, "" once that was erased.
    """

    kind: Choice
    value: str = field(default="", repr=False)  # a login id is personal data

    @property
    def fingerprint(self) -> str:
        """Another one for another decision."""
        return text_hash(f"{self.kind}:{self.value}")


def chosen_login_ids(choices: Mapping[str, UserChoice]) -> dict[str, str]:
    """Docebo user id to the login id that a person gave it."""
    return {user_id: one.value for user_id, one in choices.items() if one.kind == Choice.LOGIN_ID}


def chosen_links(choices: Mapping[str, UserChoice]) -> dict[str, str]:
    """Docebo user id to the only Descope user that a person wants it to adopt."""
    return {user_id: one.value for user_id, one in choices.items() if one.kind == Choice.LINK}


def users_chosen(choices: Mapping[str, UserChoice], *kinds: Choice) -> frozenset[str]:
    """The Docebo user ids of decisions of these kinds."""
    return frozenset(user_id for user_id, one in choices.items() if one.kind in kinds)


def in_force(stored: Mapping[str, UserChoice], changed: Mapping[str, UserChoice | None]) -> dict[str, UserChoice]:
    """The stored decisions after a change; None takes one back."""
    return {user_id: one for user_id, one in {**stored, **changed}.items() if one is not None}
