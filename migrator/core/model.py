"""The words of the domain as types (docs/architecture.md, "States and moves"). No I/O, no clock."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from migrator.core.reasons import Reason

# A decoded JSON value; the two APIs promise nothing narrower.
Json: TypeAlias = Any

MARK_USER = "doceboUserId"
MARK_PLATFORM = "doceboPlatform"
FRESHLY_MIGRATED = "freshlyMigrated"
MARK_ATTRIBUTES = (MARK_USER, MARK_PLATFORM, FRESHLY_MIGRATED)

TargetStatus: TypeAlias = Literal["enabled", "disabled"]
SourceStatus: TypeAlias = Literal["active", "suspended", "expired"]


class State(StrEnum):
    """What became of one source user; `found` is the sum over all of them."""

    PENDING = "pending"  # known, nothing done yet
    SENDING = "sending"  # intent stored, outcome not; only a crash leaves it
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"  # cannot be migrated as it is
    CONFLICT = "conflict"  # a person must choose
    FAILED = "failed"  # gave up, retryable
    VANISHED = "vanished"  # gone from Docebo
    SKIPPED = "skipped"  # left out by the user's own filter


OPEN_STATES = (State.PENDING, State.SENDING)
ARRIVED_STATES = (State.CREATED, State.UPDATED, State.UNCHANGED)
NEEDS_PERSON_STATES = (State.REJECTED, State.CONFLICT, State.FAILED)


class Decision(StrEnum):
    """What the plan wants to do with one pending user."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"  # an update that links a stranger (policy.existing: link)
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"  # stored like the others, because only a run that is confirmed makes it a final state


class RunOutcome(StrEnum):
    """How a run ended, as the JSON documents say it."""

    COMPLETE = "complete"
    NEEDS_PERSON = "needs_person"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    DRY_RUN = "dry_run"


# How it stands in documents while there is no such end.
RUNNING = "running"  # a run holds the lease
NOT_STARTED = "not_started"  # no run has begun yet


@dataclass(frozen=True, slots=True)
class TargetUser:
    """The Descope user built from one Docebo record (README.md, "What is sent, and what never is").

    Empty string means "not set at the source". `attributes` holds the mark and the mapped custom
    attributes, never `freshlyMigrated`: that one belongs to the act of creating alone.
    """

    login_id: str
    email: str
    verified_email: bool
    status: TargetStatus
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    phone: str = ""
    picture: str = ""
    extra_login_ids: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    # The login id as Docebo spells it, when that is another spelling: a server may tell the two apart.
    spelled: str = ""

    @property
    def user_id(self) -> str:
        """The Docebo user id this target is marked with."""
        return self.attributes[MARK_USER]

    @property
    def all_login_ids(self) -> tuple[str, ...]:
        """Every login id the user will answer to, the primary one first."""
        return (self.login_id, *self.extra_login_ids)

    def to_json(self) -> str:
        """Canonical JSON text; equal users give equal text."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return canonical_json(values if self.spelled else {k: v for k, v in values.items() if k != "spelled"})

    def content_hash(self) -> str:
        """The hash of all that is sent: a login id that is spelled otherwise in Docebo changes nothing at Descope."""
        return text_hash(replace(self, spelled="").to_json())

    @property
    def spellings(self) -> tuple[str, ...]:
        """The spellings to look for, as a server may tell them apart: ours, Docebo's, and in lower case."""
        lowered = (login_id.lower() for login_id in self.all_login_ids)
        return tuple(dict.fromkeys((*self.all_login_ids, *lowered, *([self.spelled] if self.spelled else []))))

    @classmethod
    def from_json(cls, text: str) -> TargetUser:
        """The inverse of `to_json`."""
        values = json.loads(text)
        values["extra_login_ids"] = tuple(values["extra_login_ids"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Ready:
    """A source user that can be sent.

    `notes` are note codes (a name was cut, a phone dropped); `created` and `last_login` are the
    record's own date texts, comparable as text, "" when they never happened.
    """

    user_id: str
    target: TargetUser
    source_status: SourceStatus
    login_keys: tuple[str, ...]
    notes: tuple[str, ...] = ()
    created: str = ""
    last_login: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A source user that cannot be migrated as it is; `reason` is a stable reason code.

    `source_status` is what Docebo says of a user who can be recognised at all: one who arrived earlier may leave.
    """

    user_id: str
    reason: Reason
    source_status: SourceStatus | None = None


Normalized: TypeAlias = Ready | Rejected


def text_hash(text: str) -> str:
    """SHA-256 of a text as 64 hex digits; lone surrogates are hashed, not refused."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_json(value: Json) -> str:
    """One text per JSON value: sorted keys, no blanks, ASCII only (safe for every database)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
