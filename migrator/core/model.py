"""The domain types (docs/architecture.md, "States and moves"). No I/O, no clock."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from migrator.core.grants import Grant, HasGrants

if TYPE_CHECKING:
    from migrator.core.reasons import Reason
    from migrator.core.sso import SsoFacts

# A decoded JSON value; the two APIs guarantee nothing narrower.
Json: TypeAlias = Any

MARK_USER = "doceboUserId"
MARK_PLATFORM = "doceboPlatform"
FRESHLY_MIGRATED = "freshlyMigrated"
MARK_ATTRIBUTES = (MARK_USER, MARK_PLATFORM, FRESHLY_MIGRATED)
# What Docebo recognises people by once they sign in with Descope (docs/decisions/0028).
DOCEBO_USERNAME = "doceboUsername"
OUR_ATTRIBUTES = (*MARK_ATTRIBUTES, DOCEBO_USERNAME)

# What Descope calls the plain fields.
NAME, GIVEN_NAME, FAMILY_NAME, PICTURE = "name", "givenName", "familyName", "picture"

TargetStatus: TypeAlias = Literal["enabled", "disabled"]
AttributeKind: TypeAlias = Literal["text", "number", "boolean", "date", "single_select", "multi_select"]
SourceStatus: TypeAlias = Literal["active", "suspended", "expired"]


class State(StrEnum):
    """The state of one source user; `found` is the sum over all states."""

    PENDING = "pending"  # known, nothing done yet
    SENDING = "sending"  # intent stored, outcome not; only a crash leaves a user in it
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


class Origin(StrEnum):
    """How a Descope user became ours, as the checkpoint knows it."""

    CREATED = "created"  # by a request of this migration
    PRESUMED = "presumed"  # it carries our mark and `freshlyMigrated`: most likely created before a checkpoint was lost
    LINKED = "linked"  # it was there before us (policy.existing)


class Decision(StrEnum):
    """What the plan decided for one pending user."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"  # an update that links a stranger (policy.existing: link)
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"  # stored like the others, because only a confirmed run makes it a final state


class Lane(StrEnum):
    """Who has requests in flight: `migrator serve` sends beside the run inside it, and each settles its own.

    The value begins the name of each batch.
    """

    RUN = "run:"
    SIGN_IN = "sign-in:"


class RunOutcome(StrEnum):
    """How a run ended, as in the JSON documents."""

    COMPLETE = "complete"
    NEEDS_PERSON = "needs_person"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    DRY_RUN = "dry_run"


# The outcome in documents while a run has no such end.
RUNNING = "running"  # a run holds the lease
NOT_STARTED = "not_started"  # no run has begun yet


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFields:
    """What a user is called and looks like: texts that a patch changes and that identify nobody; "" means unset.

    Each line, with Descope's name, is also the field's row in `core.fields.USER_FIELDS`.
    """

    name: str = field(default="", metadata={"name": NAME})
    given_name: str = field(default="", metadata={"name": GIVEN_NAME})
    family_name: str = field(default="", metadata={"name": FAMILY_NAME})
    picture: str = field(default="", metadata={"name": PICTURE})


@dataclass(frozen=True, slots=True)
class TargetUser(PlainFields, HasGrants):
    """The Descope user built from one Docebo record (README.md, "What is sent, and what never is").

    An empty string means "not set in the source". `attributes` holds the mark, `doceboUsername` and the mapped
    custom attributes, each in its type and none of them blank, never `freshlyMigrated`: only a create sends that one.
    `grants` are the tenants and roles that the rules give.
    """

    login_id: str
    email: str
    verified_email: bool
    status: TargetStatus
    phone: str = ""
    extra_login_ids: tuple[str, ...] = ()
    attributes: dict[str, Json] = field(default_factory=dict)
    # The login id as Docebo spells it, if that is another spelling: a server may distinguish the two.
    spelled: str = ""
    grants: tuple[Grant, ...] = ()

    @property
    def user_id(self) -> str:
        """The Docebo user id in this target's mark."""
        return str(self.attributes[MARK_USER])

    @property
    def all_login_ids(self) -> tuple[str, ...]:
        """Every login id that the user will have, the primary one first."""
        return (self.login_id, *self.extra_login_ids)

    def to_json(self) -> str:
        """Canonical JSON text; equal users give equal text."""
        # Left out where there is nothing to say, as before they were fields of a user.
        names = [name for name in _TARGET_FIELDS if name not in _RARE or getattr(self, name)]
        return canonical_json({name: getattr(self, name) for name in names})

    def content_hash(self, text: str | None = None) -> str:
        """The hash of all that is sent: another spelling of a login id in Docebo changes nothing in Descope.

        Args:
            text: the user's `to_json`, where it is at hand.
        """
        return text_hash(replace(self, spelled="").to_json() if self.spelled else text or self.to_json())

    @property
    def spellings(self) -> tuple[str, ...]:
        """The spellings to look for, because a server may distinguish them: ours, Docebo's, and in lower case."""
        lowered = (login_id.lower() for login_id in self.all_login_ids)
        return tuple(dict.fromkeys((*self.all_login_ids, *lowered, *([self.spelled] if self.spelled else []))))

    @classmethod
    def from_json(cls, text: str) -> TargetUser:
        """The inverse of `to_json`."""
        values = json.loads(text)
        values["extra_login_ids"] = tuple(values["extra_login_ids"])
        values["grants"] = tuple(Grant(*one) for one in values.get("grants", ()))
        return cls(**values)


_TARGET_FIELDS = tuple(one.name for one in fields(TargetUser))
_RARE = ("spelled", "grants")
# Kept, because making an encoder takes longer than writing a short value; what was decoded cannot contain itself.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """A source user that can be sent.

    `notes` are note codes (a name was cut, a phone number dropped); `created` and `last_login` are the
    record's own date texts, comparable as text, "" if they never happened. `raw` is the JSON text of a record
    that is to be stored, and `record_hash` what it is known by the next time.
    `sso` follows from the record as well.
    """

    user_id: str
    target: TargetUser
    source_status: SourceStatus
    login_keys: tuple[str, ...]
    notes: tuple[str, ...] = ()
    created: str = ""
    last_login: str = ""
    raw: str = field(default="", repr=False)
    record_hash: str = ""
    sso: SsoFacts | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A source user that cannot be migrated as it is; `reason` is a stable reason code.

    `source_status` is Docebo's status of a user who can be identified: a user who arrived earlier may leave.
    `raw`, `record_hash` and `sso` are as in `Ready`.
    """

    user_id: str
    reason: Reason
    source_status: SourceStatus | None = None
    raw: str = field(default="", repr=False)
    record_hash: str = ""
    sso: SsoFacts | None = field(default=None, compare=False)


Normalized: TypeAlias = Ready | Rejected


def text_hash(text: str) -> str:
    """SHA-256 of a text as 64 hex digits; lone surrogates are hashed, not refused."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_json(value: Json) -> str:
    """One text per JSON value: sorted keys, no blanks, ASCII only (safe for every database)."""
    return _CANONICAL.encode(value)
