"""A run's figures as people's scripts read them (README.md, "JSON")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import ACTION_KINDS, NO_ACTIONS
from migrator.checkpoint.runs.verifications import NEVER_VERIFIED
from migrator.core.errors import Declined, StopRun, UsersMissing
from migrator.core.model import NEEDS_PERSON_STATES, RunOutcome, State
from migrator.core.reasons import Reason
from migrator.report.coverage.sso_readiness import NOBODY_YET
from migrator.report.document import RunExtras

if TYPE_CHECKING:
    from migrator.checkpoint.runs.verifications import VerificationDocument
    from migrator.checkpoint.users.counts import UserCounts
    from migrator.core.census import ProjectCensus
    from migrator.core.errors import ErrorDocument, MigratorError
    from migrator.report.document import FiguresKeys, RunDocument, SsoReadiness


CALLS = ("docebo", "descope", "descope_writes", "throttled")


@dataclass(slots=True)
class RunFigures:
    """What a run has done so far, or what a plan predicts.

    `books` are what is known of everybody, `actions` what this run sent, or in a plan would send (`ACTION_KINDS`, and
    for how many there was nothing to do); all 0 before anything was decided. `wrong` are users known to be wrong at
    Descope whose state does not say so, `missing` those of them whom Descope does not have, `still_enabled` those who
    left Docebo and can still sign in, `sso` who lands in their own Docebo account. `verify` is the last verification of
    any kind, `verify_all` the last one of everybody if that is older, `read_back` this run's own by class, None
    without one. `limit` and `searched` are the options that leave others for later. `seconds` is the run's own time;
    `census` is who is in the project before the first write, `extra` are further keys of the document.
    """

    source: str
    project: str
    outcome: RunOutcome | str
    books: UserCounts
    calls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CALLS, 0))
    seconds: float = 0.0
    reports: list[str] = field(default_factory=list)
    error: MigratorError | None = None
    wrong: int = 0
    missing: int = 0
    still_enabled: int = 0
    sso: SsoReadiness = field(default_factory=NOBODY_YET.copy)
    actions: dict[str, int] = field(default_factory=lambda: dict(NO_ACTIONS))
    verify: VerificationDocument = field(default_factory=lambda: NEVER_VERIFIED)
    verify_all: VerificationDocument | None = None
    read_back: dict[str, int] | None = None
    limit: int | None = None
    searched: bool = False
    census: ProjectCensus | None = None
    extra: RunExtras = field(default_factory=RunExtras)

    @property
    def needs_person(self) -> int:
        """Users that need a person."""
        return sum(self.books.states[state] for state in NEEDS_PERSON_STATES) + self.wrong

    @property
    def open(self) -> int:
        """Users nobody has decided on yet, those in flight included."""
        return self.books.states[State.PENDING] + self.books.states[State.SENDING]

    @property
    def sends(self) -> int:
        """How many users this run sent, or in a plan would send."""
        return sum(self.actions[kind] for kind in ACTION_KINDS)

    def document(self) -> RunDocument:
        """The JSON document."""
        return {"schema": "run/1", **self.keys()}

    def keys(self) -> FiguresKeys:
        """What JSON documents say of them; `found` equals the sum of the states."""
        states = self.books.states
        counts = {"found": self.books.found} | {
            state.value: states[state] for state in State if state not in (State.PENDING, State.SENDING)
        }
        seconds = round(self.seconds, 3)  # the rate follows from what is shown, so that a rebuilt report shows it too
        # Users in flight count as pending for readers: not decided yet.
        counts["pending"] = self.open
        document: FiguresKeys = {
            "migration": {"source": self.source, "project": self.project},
            "outcome": str(self.outcome),
            "counts": counts,
            "actions": self.actions,
            "reasons": self.books.reasons,
            "wrong": self.wrong,
            "missing": self.missing,
            "limited": self.books.reasons.get(Reason.LIMIT, 0),
            "limit": self.limit,
            "searched": self.searched,
            "verify": self.verify,
            "verify_all": self.verify_all,
            "sso": self.sso,
            "calls": self.calls,
            "seconds": seconds,
            "users_per_second": round(self.books.found / seconds, 1) if seconds else 0.0,
            "reports": self.reports,
            **self.extra,
        }
        return document | {"error": error_document(self.error)} if self.error else document


def error_document(error: MigratorError) -> ErrorDocument:
    """An error as JSON documents carry it."""
    document: ErrorDocument = {"message": error.message, "fix": error.fix, "exit_code": error.exit_code}
    return document | {"kind": error.kind} if error.kind else document


def recalled_error(document: ErrorDocument | None) -> MigratorError | None:
    """The error that `error_document` stored, None without one."""
    if not document:
        return None
    kinds: dict[str, type[StopRun]] = {one.kind: one for one in (Declined, UsersMissing)}
    error = kinds.get(document.get("kind", ""), StopRun)(document["message"], fix=document.get("fix", ""))
    error.exit_code = document.get("exit_code", error.exit_code)
    return error
