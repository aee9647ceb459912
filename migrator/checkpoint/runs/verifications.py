"""What reading Descope back has shown, in a run or by `migrator verify`; the newest result is reported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, insert, select, true
from typing_extensions import TypedDict

from migrator.checkpoint.db.tables import verification
from migrator.core.clock import utc_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint

SCOPE_SENT, SCOPE_ALL, SCOPE_SAMPLE, SCOPE_NONE = "sent", "all", "sample", "none"


class VerificationDocument(TypedDict):
    """A `Verification` in JSON: `read` users, by class in `classes`.

    `at` is ISO 8601 in UTC, to the second; None, with scope "none", before any user was read back.
    """

    classes: dict[str, int]
    read: int
    at: str | None
    scope: str


# What a document says before any user was read back.
NEVER_VERIFIED: VerificationDocument = {
    "classes": {"same": 0, "differs": 0, "missing": 0, "extra": 0},
    "read": 0,
    "at": None,
    "scope": SCOPE_NONE,
}


@dataclass(frozen=True, slots=True)
class Verification:
    """`read` users were read back at epoch second `at`; `classes` counts the results.

    `scope` is "sent" (the users a run had just sent), "all" or "sample".
    """

    at: float
    scope: str
    read: int
    classes: Mapping[str, int]

    def document(self) -> VerificationDocument:
        """As in JSON documents."""
        return {"classes": dict(self.classes), "read": self.read, "at": utc_text(self.at), "scope": self.scope}


def next_verification(checkpoint: Checkpoint) -> int:
    """The number that a verification which begins now can have, by whoever holds the lease."""
    return checkpoint.read(lambda c: _last_number(c, checkpoint)) + 1


def _last_number(connection: Connection, checkpoint: Checkpoint) -> int:
    last = connection.execute(select(func.max(verification.c.number)).where(checkpoint.owns(verification))).scalar()
    return last or 0


def put_verification(
    connection: Connection, checkpoint: Checkpoint, number: int, scope: str, classes: Mapping[str, int], *, read: int
) -> None:
    """Store what the verification `number` has shown until now, in place of what it had shown before."""
    connection.execute(delete(verification).where(checkpoint.owns(verification), verification.c.number == number))
    connection.execute(
        insert(verification).values(
            migration=checkpoint.key,
            number=number,
            at=checkpoint.clock.time(),
            scope=scope,
            read=read,
            classes=json.dumps(dict(classes)),
        )
    )


def store_verification(checkpoint: Checkpoint, scope: str, read: int, classes: Mapping[str, int]) -> bool:
    """Store a verification that ends now, after all others; with the lease, or without it while no run is alive.

    Returns:
        False if a live run prevented it.
    """

    def work(connection: Connection) -> None:
        put_verification(connection, checkpoint, _last_number(connection, checkpoint) + 1, scope, classes, read=read)

    if checkpoint.fence:
        checkpoint.write(work)
        return True
    return checkpoint.note(work)


def forget_verifications(checkpoint: Checkpoint) -> None:
    """Forget them all: what is about to be undone is no more as they saw it."""
    checkpoint.write(lambda c: c.execute(delete(verification).where(checkpoint.owns(verification))))


def newest_verification(checkpoint: Checkpoint, scope: str | None = None) -> Verification | None:
    """The last verification of this scope, or of any scope; None before the first."""
    of_scope = true() if scope is None else verification.c.scope == scope
    query = (
        select(verification)
        .where(checkpoint.owns(verification), of_scope)
        .order_by(verification.c.number.desc())
        .limit(1)
    )
    row = checkpoint.read(lambda c: c.execute(query).one_or_none())
    return None if row is None else Verification(row.at, row.scope, row.read, json.loads(row.classes))


def earlier_full_verification(checkpoint: Checkpoint) -> VerificationDocument | None:
    """The last verification of everybody as a document; None if there is none or it is the newest of all."""
    last, whole = newest_verification(checkpoint), newest_verification(checkpoint, SCOPE_ALL)
    return None if whole is None or last is None or last.scope == SCOPE_ALL else whole.document()


def verification_document(checkpoint: Checkpoint) -> VerificationDocument:
    """The newest verification as a document; `NEVER_VERIFIED` before the first."""
    last = newest_verification(checkpoint)
    return NEVER_VERIFIED if last is None else last.document()
