"""A run's figures as people's scripts read them (design section 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.model import NEEDS_PERSON_STATES, Outcome, State

if TYPE_CHECKING:
    from migrator.checkpoint.books import Books
    from migrator.errors import MigratorError


CALLS = ("docebo", "descope", "descope_writes", "throttled")


@dataclass(slots=True)
class Figures:
    """What a run has done so far, or what a plan predicts.

    `wrong` are users known to be wrong at Descope whose state does not say so. `seconds` is the run's own time;
    `extra` are further keys of the document.
    """

    source: str
    project: str
    outcome: Outcome | str
    books: Books
    calls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CALLS, 0))
    seconds: float = 0.0
    reports: list[str] = field(default_factory=list)
    error: MigratorError | None = None
    wrong: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def needs_person(self) -> int:
        """Users that need a person."""
        return sum(self.books.states[state] for state in NEEDS_PERSON_STATES) + self.wrong

    @property
    def open(self) -> int:
        """Users nobody has decided on yet, those in flight included."""
        return self.books.states[State.PENDING] + self.books.states[State.SENDING]

    def document(self) -> dict[str, Any]:
        """The JSON document; `found` equals the sum of the states."""
        states = self.books.states
        counts = {"found": self.books.found} | {
            state.value: states[state] for state in State if state not in (State.PENDING, State.SENDING)
        }
        seconds = round(self.seconds, 3)  # the rate follows from what is shown, so that a rebuilt report shows it too
        # Users in flight count as pending for readers: not decided yet.
        counts["pending"] = self.open
        return {
            "migration": {"source": self.source, "project": self.project},
            "outcome": str(self.outcome),
            "counts": counts,
            "reasons": self.books.reasons,
            "wrong": self.wrong,
            "calls": self.calls,
            "seconds": seconds,
            "users_per_second": round(self.books.found / seconds, 1) if seconds else 0.0,
            "reports": self.reports,
            **self.extra,
        } | ({"error": error_document(self.error)} if self.error else {})


def error_document(error: MigratorError) -> dict[str, Any]:
    """An error as JSON documents carry it."""
    return {"message": error.message, "fix": error.fix, "exit_code": error.exit_code}
