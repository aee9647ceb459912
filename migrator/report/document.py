"""The shapes of the JSON documents that runs leave and reports read (README.md, "JSON"). Types alone."""

from __future__ import annotations

from typing import TypedDict


class MigrationDocument(TypedDict):
    """Whose users go where: Docebo's platform and the Descope project."""

    source: str
    project: str


# --- the details: counts about fields, sign-ins and groups, no personal data ---------------------


class SeenField(TypedDict):
    """A Docebo field over all records: in how many it is there, in how many it holds something, of what `kind`."""

    name: str
    seen: int
    filled: int
    kind: str


class FieldRow(SeenField):
    """A field with its `title` in Docebo, "" for none, and the places it `goes` to, or `why` it goes nowhere."""

    title: str
    goes: list[str]
    why: str


class FieldCoverage(TypedDict):
    """What so many `records` held; `proposal` are lines of YAML for what is not mapped, "" for none."""

    records: int
    fields: list[FieldRow]
    proposal: str


class LoginReadiness(TypedDict):
    """Of the users `found`, who is `ready` to sign in; the others are `blocked`, by reason.

    `verify_first` of the ready ones verify their address then.
    """

    found: int
    ready: int
    verify_first: int
    blocked: dict[str, int]


class GroupRow(TypedDict):
    """The users with one value, as a domain, by state: one of `State`, `missing` or `differs`, or `arrived`."""

    name: str
    states: dict[str, int]


class Breakdown(TypedDict):
    """Who is where (`breakdown.count_groups`), the largest group first.

    `records` is how many records were there to tell domain and level at epoch second `at`; `earlier` says that an
    earlier look had more. `current` is false when that look cannot be brought up to date: `domains` and `levels` are
    those of then, for later looks.
    """

    found: int
    statuses: list[GroupRow]
    earlier: bool
    current: bool
    records: int
    at: float
    domains: list[GroupRow]
    levels: list[GroupRow]


class DetailsDocument(TypedDict, total=False):
    """What a report shows beyond a run's figures; {} when nobody looked."""

    xray: FieldCoverage
    readiness: LoginReadiness
    breakdown: Breakdown
