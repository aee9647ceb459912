"""What an undo has done so far, and the document of it (README.md, "JSON")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NotRequired

from typing_extensions import TypedDict

from migrator.core.errors import ErrorDocument
from migrator.flow.undo.judge import SPARED
from migrator.report.document import MigrationDocument
from migrator.report.summary import error_document

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from migrator.core.errors import MigratorError
    from migrator.core.model import RunOutcome
    from migrator.flow.undo.judge import UndoVerdict


class SparedDocument(TypedDict):
    """A user who was spared, and why: signed_in, edited or unknown."""

    docebo_user_id: str
    reason: str


class UndoDocument(TypedDict):
    """How an undo ended; after a dry run, `counts` are what an undo would do. `migrator undo` prints it."""

    schema: Literal["undo/1"]
    migration: MigrationDocument
    outcome: str
    counts: dict[str, int]
    spared: list[SparedDocument]
    calls: dict[str, int]
    seconds: float
    reports: list[str]
    error: NotRequired[ErrorDocument]


@dataclass(slots=True)
class UndoTally:
    """Users by what became of them; `spared` are Docebo user ids with the reason.

    `absent` are the ids of whom Descope did not show to the plan: it could not tell a person about them.
    """

    deleted: int = 0
    restored: int = 0
    gone: int = 0
    failed: int = 0
    spared: dict[str, str] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)

    @property
    def changes(self) -> int:
        """How many users of Descope are changed."""
        return self.deleted + self.restored

    def spare(self, verdicts: Mapping[str, UndoVerdict]) -> None:
        """Note who of these users is spared."""
        self.spared |= {user_id: verdict.value for user_id, verdict in verdicts.items() if verdict in SPARED}

    def add(self, settled: Counter[str]) -> None:
        """Add what settling has shown; who is not undone then failed, unless undoing goes on."""
        self.deleted += settled["deleted"]
        self.restored += settled["restored"]
        self.gone += settled["gone"]

    def counts(self) -> dict[str, int]:
        """The key `counts` of the document."""
        return {
            "deleted": self.deleted,
            "restored": self.restored,
            "spared": len(self.spared),
            "gone": self.gone,
            "failed": self.failed,
        }


@dataclass(slots=True)
class UndoReport:
    """How an undo ended; `seconds` is its own time, without the answers of people."""

    source: str
    project: str
    outcome: RunOutcome
    tally: UndoTally
    calls: dict[str, int]
    seconds: float
    reports: list[str] = field(default_factory=list)
    error: MigratorError | None = None

    def document(self) -> UndoDocument:
        """The JSON document."""
        document: UndoDocument = {
            "schema": "undo/1",
            "migration": {"source": self.source, "project": self.project},
            "outcome": str(self.outcome),
            "counts": self.tally.counts(),
            "spared": [{"docebo_user_id": one, "reason": why} for one, why in self.tally.spared.items()],
            "calls": self.calls,
            "seconds": round(self.seconds, 3),
            "reports": self.reports,
        }
        return document | {"error": error_document(self.error)} if self.error else document
