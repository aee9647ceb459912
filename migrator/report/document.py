"""The shapes of the JSON documents that runs leave and reports read (README.md, "JSON"). Types alone."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from migrator.checkpoint.runs.verifications import VerificationDocument
from migrator.core.errors import ErrorDocument
from migrator.core.model import Json
from migrator.core.sso import ClaimName


class MigrationDocument(TypedDict):
    """Whose users go where: Docebo's platform and the Descope project."""

    source: str
    project: str


class EstimateDocument(TypedDict):
    """What sending takes: `calls` by kind of limit, and the `minutes` each limit makes them last at least.

    `total_minutes` is that of the slowest kind, because kinds overlap at best. `range_minutes` are [least, most] of
    sending and reading back; `run_range_minutes` those of the whole run that will do it, in a plan alone.
    """

    calls: dict[str, int]
    minutes: dict[str, float]
    total_minutes: float
    range_minutes: NotRequired[list[float]]  # plans that older versions stored have none
    run_range_minutes: NotRequired[list[float]]


class PairDocument(TypedDict):
    """Two users whose login ids collide; `kind` is "same" or "fold", and left out where they only look alike."""

    docebo_user_ids: list[str]
    kind: NotRequired[str]


class CollisionsDocument(TypedDict):
    """Groups of users, the pairs of neighbours in them, and the first of these."""

    groups: int
    pairs: int
    first: list[PairDocument]


class PredictedState(TypedDict):
    """How many users the plan foresaw in a state, and how many there are."""

    predicted: int
    actual: int


class GapDocument(TypedDict):
    """`users` who ended in state `actual`, for the `reason` if it has one, and not as `predicted`."""

    predicted: str
    actual: str
    reason: str | None
    users: int


class PredictionDocument(TypedDict):
    """How a plan's prediction fared: `gap` users ended otherwise. Only `states` that somebody is or was to be in."""

    gap: int
    states: dict[str, PredictedState]
    gaps: list[GapDocument]


class CatchUpDocument(TypedDict):
    """What changed since the last run: `renamed` (name or address) and `suspended` ones are among `changed`."""

    new: int
    changed: int
    renamed: int
    suspended: int
    vanished: int


class RunExtras(TypedDict, total=False):
    """What only some documents say: a stopped one its `error`, a run its `prediction`, a plan all else.

    `catch_up` is missing where nobody had arrived before. `freeze_minutes`, [least, most], is how long the next run
    takes if it has nothing to send: for so long nobody may change users in Docebo before a cut-over. `missing_grants`,
    `members` and `member_calls` are there where the mapping has rules.
    """

    catch_up: CatchUpDocument
    freeze_minutes: list[float]
    estimate: EstimateDocument
    leavers: int
    collisions: CollisionsDocument
    look_alikes: CollisionsDocument
    decisions: dict[str, int]  # those of people in force, by kind
    missing_grants: dict[str, list[str]]  # ids of `tenants` and names of `roles` that Descope does not have
    members: list[dict[str, Json]]  # `kind`, `name` and `descendants` of each list, and how many `users` it has
    member_calls: int  # Docebo calls that reading the branches and groups took that rules name
    prediction: PredictionDocument
    error: ErrorDocument


class SsoReadiness(TypedDict):
    """Who lands in their own Docebo account, with this `claim` and `match` (README.md, "Landing in Docebo").

    `of` are the users active in Docebo that are in Descope, in a plan those that would be. `lands` of them land; of
    `unknown` ones nothing was noted yet. `classes` are users by class: those who do not land are in one of them, and
    some that do in another.
    """

    claim: ClaimName
    match: str
    lands: int
    of: int
    unknown: int
    classes: dict[str, int]


class FiguresKeys(RunExtras):
    """The figures of a migration (README.md, "JSON").

    `counts` are users by state and as `found`, `actions` users by kind and as `nothing`, `reasons` users by reason
    code, `calls` requests by API. `seconds` is the run's own time, `reports` are paths.
    """

    migration: MigrationDocument
    outcome: str
    counts: dict[str, int]
    actions: dict[str, int]
    reasons: dict[str, int]
    wrong: int
    missing: int
    limited: int
    limit: int | None
    searched: bool
    verify: VerificationDocument
    verify_all: VerificationDocument | None
    sso: SsoReadiness
    calls: dict[str, int]
    seconds: float
    users_per_second: float
    reports: list[str]


class RunDocument(FiguresKeys):
    """A run's or a plan's figures: `migrator run`, `plan`, `demo` and `report` print them; summary.json has them.

    `counts` are users by state and as `found`, `actions` users by kind and as `nothing`, `reasons` users by reason
    code, `calls` requests by API. `seconds` is the run's own time, `reports` are paths.
    """

    schema: Literal["run/1"]


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
