"""Who is in a project before a migration first writes there: is it the right one? (docs/decisions/0034). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FEW_STRANGERS: Final = 10  # fewer are no sign of anything: the people who set the project up
MANY_STRANGERS: Final = 1000
MOST_SHARE: Final = 0.1  # of the users there


@dataclass(frozen=True, slots=True)
class ProjectCensus:
    """How many users a Descope project has, and how many of them are strangers.

    `region` is that of the project's id, "" where it names none. Where `is_whole` is false, the count was broken off:
    there are more strangers than `strangers`, and more users than `users` unless `knows_users`, because Descope told.
    """

    project: str
    host: str
    region: str
    users: int
    strangers: int
    is_whole: bool = True
    knows_users: bool = True

    @property
    def needs_a_word(self) -> bool:
        """Whether so many are strangers, or may be, that somebody has to say that this is the project."""
        if not self.is_whole or self.strangers > MANY_STRANGERS:
            return True
        return self.strangers >= FEW_STRANGERS and self.strangers > self.users * MOST_SHARE

    def describe(self) -> str:
        """The target in a sentence."""
        region = f", region {self.region}" if self.region else ""
        users = _number(self.users, exact=self.is_whole or self.knows_users)
        some = "user" if users == "1" else "users"
        strangers = _number(self.strangers, exact=self.is_whole)
        return (
            f"Descope project {self.project} (at {self.host}{region}) has {users} {some} now; {strangers} of them"
            f" {'is a stranger' if strangers == '1' else 'are strangers'}, without this migration's mark."
        )


def _number(number: int, *, exact: bool) -> str:
    return f"{number:,}" if exact else f"more than {number:,}"
