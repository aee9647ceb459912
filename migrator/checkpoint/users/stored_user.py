"""One user as the checkpoint knows it, built from its row in one place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import pages
from migrator.core.fields import SentFields
from migrator.core.model import ARRIVED_STATES, Decision, State, TargetUser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement

    from migrator.checkpoint.db.checkpoint import Checkpoint

# Column `retry`: a person asked for the user to be planned again, or the policy changed and it is to be judged again.
AGAIN, REJUDGE = 1, 2


class RowVerdict(StrEnum):
    """What a user looked like when it was read back after it was last sent; no verdict before that."""

    SAME = "same"
    MARK = "mark"  # mark and login ids are right; the profile was erased, so the fields are unknown
    DIFFERS = "differs"
    MISSING = "missing"
    EDITED = "edited"  # it was the same and no longer is: somebody changed it in Descope


SEEN_RIGHT = (RowVerdict.SAME, RowVerdict.EDITED)


@dataclass(frozen=True)
class StoredUser:
    """One user; `profile` is the JSON text of its target, None once personal data was erased.

    `sent_hash` is the hash of the last target that Descope acknowledged; `sent` has one per field. `origin` is how the
    user became ours. For a decision, `adopt_id` is the stranger to link, `found_fingerprint` that of the Descope user
    on which it was made, and `changes` {field: [before, after]}. `attempts` counts requests without an answer,
    `refusals` the runs that ended because everybody was refused alike. `retry` says that a person asked for the user
    to be planned again; `disabled_by_us` is None if nobody recorded who disabled it. `source_created` and
    `source_last_login` are the record's own date texts, "" if they never happened; `raw` is its JSON text, which only a
    report reads, while it is kept. The hashes of user name and login id and the `sso_` words say who will land in
    Docebo (`core.sso`). Only a report fills in the other party of a problem: the ids of Docebo users who collide with
    the user, and of the Descope users that the problem is about.
    """

    user_id: str
    state: State
    target_hash: str
    profile: str | None = field(default=None, repr=False)  # personal data
    target_id: str | None = None
    sent_hash: str | None = None
    sent: SentFields | None = None
    origin: str | None = None
    verdict: RowVerdict | None = None
    reason: str | None = None
    decision: Decision | None = None
    decided_at: float | None = None
    adopt_id: str | None = None
    found_fingerprint: str | None = None
    changes: dict[str, list[Any]] | None = field(default=None, repr=False)  # personal data
    attempts: int = 0
    refusals: int = 0
    retry: bool = False
    disabled_by_us: bool | None = None
    source_created: str = ""
    source_last_login: str = ""
    detail: str | None = None
    raw: str | None = field(default=None, repr=False)  # personal data
    username_hash: str | None = None
    username_fold_hash: str | None = None
    login_hash: str | None = None
    sso_mapped: str | None = None
    sso_seen: str | None = None
    other_docebo_ids: tuple[str, ...] = ()
    other_descope_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Sequence[Any]) -> StoredUser:
        """The user of a row of `STORED_COLUMNS`, in that order, and perhaps `raw` behind them."""
        # Taken apart at once: a name looked up for each of so many values takes longer than all else.
        (
            user_id, state, target_hash, profile, target_id, sent_hash, sent_fields, origin, verdict, reason, decision,
            decided_at, adopt_id, found_fingerprint, changes, attempts, refusals, retry, disabled_by_us,
            source_created, source_last_login, detail, username_hash, username_fold_hash, login_hash,
            sso_mapped, sso_seen, *raw,
        ) = row  # fmt: skip
        return cls(
            user_id=user_id,
            state=State(state),
            target_hash=target_hash,
            profile=profile,
            target_id=target_id,
            sent_hash=sent_hash,
            sent=SentFields.from_json(sent_fields),
            origin=origin,
            verdict=RowVerdict(verdict) if verdict else None,
            reason=reason,
            decision=Decision(decision) if decision else None,
            decided_at=decided_at,
            adopt_id=adopt_id,
            found_fingerprint=found_fingerprint,
            changes=json.loads(changes) if changes else None,
            attempts=attempts,
            refusals=refusals or 0,
            retry=retry == AGAIN,
            disabled_by_us=None if disabled_by_us is None else bool(disabled_by_us),
            source_created=source_created or "",
            source_last_login=source_last_login or "",
            detail=detail,
            username_hash=username_hash,
            username_fold_hash=username_fold_hash,
            login_hash=login_hash,
            sso_mapped=sso_mapped,
            sso_seen=sso_seen,
            raw=raw[0] if raw else None,
        )

    @cached_property
    def target(self) -> TargetUser:
        """The Descope user it should become.

        Raises:
            ValueError: its profile was erased.
        """
        if self.profile is None:
            raise ValueError(f"the profile of user {self.user_id} was erased")
        return TargetUser.from_json(self.profile)

    @property
    def login_ids(self) -> tuple[str, ...]:
        """Those of its target, the primary one first; none once they were erased."""
        return () if self.profile is None else self.target.all_login_ids

    def holds(self, login_key: str) -> bool:
        """Whether it is in Descope with this login; assumed of a user who arrived before sent logins were recorded."""
        sent = self.sent.logins if self.sent else ()
        return self.target_id is not None and (not sent or login_key in sent)

    @property
    def disables(self) -> bool:
        """Whether it was planned to disable the user."""
        return "disabled" in (self.changes or {}).get("status", [])[1:]

    @property
    def descope_id(self) -> str | None:
        """The Descope user that a request is about: the one this user became, or the stranger to be linked."""
        return self.adopt_id if self.decision == Decision.ADOPT else self.target_id

    @property
    def left(self) -> frozenset[str]:
        """The fields that were not sent because a person changed them in Descope."""
        return self.sent.left if self.sent else frozenset()

    @property
    def seen_right(self) -> bool:
        """Whether it was read back right since it was last sent."""
        return self.verdict in SEEN_RIGHT

    @property
    def stale(self) -> bool:
        """Whether its profile is not the one that was sent: differences from it say nothing about what was sent."""
        return self.profile is not None and self.sent_hash not in (None, self.target_hash)

    @property
    def arrived(self) -> bool:
        """Whether the user ever arrived in Descope and must be there."""
        came = self.target_id is not None and self.sent_hash is not None
        return self.state in ARRIVED_STATES or (came and self.state not in (State.VANISHED, State.SENDING))


STORED_COLUMNS = [
    source_user.c[name]
    for name in (
        "user_id", "state", "target_hash", "profile", "target_id", "sent_hash", "sent_fields", "origin", "verdict",
        "reason", "decision", "decided_at", "adopt_id", "found_fingerprint", "changes", "attempts", "refusals", "retry",
        "disabled_by_us", "source_created", "source_last_login", "detail", "username_hash", "username_fold_hash",
        "login_hash", "sso_mapped", "sso_seen",
    )
]  # fmt: skip


def stored_pages(
    checkpoint: Checkpoint, *where: ColumnElement[bool], size: int, growing: bool = False
) -> Iterator[list[StoredUser]]:
    """`rows.pages` of whole users."""
    for page in pages(checkpoint, STORED_COLUMNS[1:], *where, size=size, growing=growing):
        yield [StoredUser.of(row) for row in page]
