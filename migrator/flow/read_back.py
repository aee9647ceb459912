"""Read back what this run sent, with code that shares nothing with `send` except the API client."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.verifications import SCOPE_SENT, put_verification
from migrator.checkpoint.users.verdicts import UNPROVEN_VERDICTS, count_arrived
from migrator.verify.after_run import verify_after_run
from migrator.verify.readback import CLASSES, SAME

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.flow.context import RunContext
    from migrator.verify.readback import Difference

_KEPT = 10_000  # differences; nobody would read more, and memory stays bounded
_WRONG = ("differs", "missing")


@dataclass(frozen=True, slots=True)
class SentReadBack:
    """What the read-back has shown of the users this run sent.

    Attributes:
        number: of the verification in the checkpoint.
        classes: users by class; empty before the first.
        differences: the first ones found.
    """

    number: int
    classes: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """How many users are not as sent."""
        return sum(self.classes.get(name, 0) for name in _WRONG)

    @property
    def read(self) -> int:
        """How many users were read back."""
        return sum(self.classes.values())  # nobody is `extra` here

    def with_same(self, more: int) -> SentReadBack:
        """The same, and so many more users who are as sent."""
        classes = dict.fromkeys(CLASSES, 0) | self.classes
        return replace(self, classes=classes | {SAME: classes[SAME] + more})

    def put(self, connection: Connection, checkpoint: Checkpoint) -> None:
        """Make it the last verification of the migration, in place of what it had shown before."""
        put_verification(connection, checkpoint, self.number, SCOPE_SENT, self.classes, read=self.read)


def read_back_sent(context: RunContext, before: SentReadBack, *, again: bool = True) -> SentReadBack:
    """Read back every user who arrived and has not been read back since last sent.

    The result becomes the last verification of the migration, unless there was nobody to read.

    Args:
        before: what this run has already read back.
        again: also read users found wrong before, by this run or an earlier one, and count each once.
    """
    context.events.stage("verify")
    verdicts = UNPROVEN_VERDICTS if again else (None,)
    # Whoever was read back while others were sent counts with the rest.
    same = before.classes.get(SAME, 0)
    total = same + count_arrived(context.checkpoint, verdicts)
    context.events.progress("verify", same, total)
    differences: list[Difference] = []

    def tell(difference: Difference) -> None:
        if len(differences) < _KEPT:
            differences.append(difference)

    found = verify_after_run(
        context.checkpoint,
        context.descope,
        context.steering.config,
        verdicts,
        tell=tell,
        progress=lambda done: context.events.progress("verify", same + done, total),
    )
    classes = found | {SAME: found[SAME] + same}
    result = replace(before, classes=classes, differences=differences)
    if result.read:
        context.checkpoint.write(lambda connection: result.put(connection, context.checkpoint))
    return result
