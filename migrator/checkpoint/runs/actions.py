"""What a run has sent so far, counted in the transactions that store its outcomes: exact however it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from migrator.checkpoint.db.tables import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint

# The kinds of what is sent, as named in the key `actions` of JSON documents.
CREATE, UPDATE, ADOPT, DISABLE = ACTION_KINDS = ("create", "update", "adopt", "disable")
NOTHING = "nothing"  # besides the kinds: users who are in Descope and need no request
DELETE, RESTORE = UNDO_KINDS = ("delete", "restore")  # of an undo, in its row alone
NO_ACTIONS = dict.fromkeys((*ACTION_KINDS, NOTHING), 0)


def begin_actions(checkpoint: Checkpoint, number: int, nothing: int) -> None:
    """From here on, what is recorded was sent by run `number`; what was settled before was sent by an earlier run.

    Args:
        nothing: users for whom the plan has nothing to do.
    """
    checkpoint.write(lambda c: _store(c, checkpoint, number, {"actions": NO_ACTIONS | {NOTHING: nothing}}))


def begin_undo_actions(checkpoint: Checkpoint, number: int) -> None:
    """The same for undo number `number`, which sends other kinds."""
    none = NO_ACTIONS | dict.fromkeys(UNDO_KINDS, 0)
    checkpoint.write(lambda c: _store(c, checkpoint, number, {"actions": none}))


def renew_nothing(checkpoint: Checkpoint, number: int, nothing: int) -> None:
    """Count anew for how many users there is nothing to do, after a further plan of run `number`.

    Args:
        nothing: the same number by that plan, which counts those whom the run has already sent as well.
    """
    actions = actions_of_run(checkpoint, number) or NO_ACTIONS
    sent = sum(actions[kind] for kind in (CREATE, UPDATE, ADOPT))
    renewed = {"actions": actions | {NOTHING: max(0, nothing - sent)}}
    checkpoint.write(lambda c: _store(c, checkpoint, number, renewed))


def count_actions(connection: Connection, checkpoint: Checkpoint, sent: Mapping[str, int]) -> None:
    """Count users of some kinds for the run at work, in the caller's transaction; none before its `begin_actions`."""
    if not any(sent.values()):
        return
    at_work = select(run.c.summary).where(checkpoint.owns(run), run.c.number == checkpoint.run_number)
    text = connection.execute(at_work).scalar_one_or_none()
    summary = json.loads(text) if text else {}
    if "actions" not in summary:
        return
    summary["actions"] = {kind: number + sent.get(kind, 0) for kind, number in summary["actions"].items()}
    _store(connection, checkpoint, checkpoint.run_number, summary)


def _store(connection: Connection, checkpoint: Checkpoint, number: int, summary: Mapping[str, object]) -> None:
    mine = (checkpoint.owns(run), run.c.number == number)
    connection.execute(update(run).where(*mine).values(summary=json.dumps(summary)))


def actions_of_run(checkpoint: Checkpoint, number: int) -> dict[str, int] | None:
    """What run `number` has sent by kind, and `nothing`; None if it never began to send."""
    query = select(run.c.summary).where(checkpoint.owns(run), run.c.number == number)
    text = checkpoint.read(lambda c: c.execute(query).scalar_one_or_none())
    actions: dict[str, int] | None = json.loads(text).get("actions") if text else None
    return actions
