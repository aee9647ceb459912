"""What each word of a report's reason column means, and how to fix it: the reason codes, and what was found."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.checkpoint.users.problems import STILL_ENABLED
from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.core.reasons import known_code

if TYPE_CHECKING:
    from collections.abc import Mapping


class Advice(NamedTuple):
    """One word: what happened, and what to do about it."""

    meaning: str
    fix: str


# Users whose state tells no trouble, and who need a person all the same.
FOUND_ADVICE: Final[Mapping[str, Advice]] = MappingProxyType(
    {
        RowVerdict.MISSING: Advice(
            "The user was migrated, but was not in Descope when last looked for.",
            "Run `migrator run --retry missing`, which creates the user again. If the user was deleted in Descope on "
            "purpose, delete it in Docebo too.",
        ),
        RowVerdict.DIFFERS: Advice(
            "The user is in Descope, but not as it was sent.",
            "Look at the user's rows in differences.csv, then run `migrator run --retry differs`, which sends the user "
            "again.",
        ),
        STILL_ENABLED: Advice(
            "The user is suspended or expired in Docebo, or gone from it, but still enabled in Descope, which did not "
            "accept the change.",
            "Run again, or disable the user in the Descope console.",
        ),
    }
)


def advice_on(reason: str) -> Advice:
    """The advice on a word; blank for one that this version does not know."""
    known = known_code(reason)
    return Advice(known.meaning, known.fix) if known else FOUND_ADVICE.get(reason, Advice("", ""))
