"""Bring some users to Descope beside a run: store, plan, send, each step as a run does it (docs/decisions/0032).

Every step is stored before the next one, so that a kill leaves nothing but what the next run settles.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.checkpoint.users.collisions import users_sharing
from migrator.checkpoint.users.plans import (
    SENT_DECISIONS,
    finish_without_sending,
    refuse_shared_targets,
    store_actions,
)
from migrator.checkpoint.users.reopening import keep_opened_users
from migrator.checkpoint.users.sends import claim_batch, store_results
from migrator.checkpoint.users.sweeps import current_sweep, store_page
from migrator.checkpoint.users.verdicts import known_users
from migrator.core.choices import Choice, users_chosen
from migrator.core.model import Decision, State
from migrator.flow.logbook import outcome_words
from migrator.flow.plan.collisions import set_losers_aside
from migrator.flow.plan.plan import decide_all, know_who_is_gone, users_per_search
from migrator.flow.send.batch import MOST_REFUSALS
from migrator.flow.send.create import create_batch
from migrator.flow.send.send import define_attributes
from migrator.flow.send.settle import look_in_flight
from migrator.flow.send.update import update_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.model import Normalized
    from migrator.flow.context import RunContext


class Admission:
    """Brings users in, some at a time; one thread uses it.

    Args:
        context: of the lane of those who sign in.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._absent_since: dict[str, float] = {}

    def store(self, found: Sequence[Normalized], *, run_at_work: bool) -> None:
        """Store records as read just now.

        Args:
            run_at_work: a run may be reading, planning or sending in this process: whom it plans is left as is, and
                whoever is stored counts as not yet shown by the reading that goes on.
        """
        context = self._context
        number = current_sweep(context.checkpoint)
        # A single reading is the last one at once: it must not miss whom it passed before they came.
        earlier = int(run_at_work and context.config.docebo.sweeps != "single")
        store_page(
            context.checkpoint,
            number - earlier,
            found,
            context.config.policy.include,
            left_out=users_chosen(context.choices, Choice.SKIP),
            leave_pending=run_at_work,
        )

    def send(self, user_ids: Sequence[str]) -> None:
        """Plan and send those of these users who are pending; whoever gets no answer stays in flight.

        Raises:
            StopRun: Descope cannot be asked, or refuses us; what was sent is stored.
        """
        pending = self._pending(user_ids)
        if not pending:
            return
        self._decide(pending)
        self._context = define_attributes(self._context)
        for decision in SENT_DECISIONS:
            while self._send_some(decision, user_ids):
                pass

    def settle(self) -> bool:
        """Look once what became of those in flight; whether anybody still is.

        Raises:
            StopRun: Descope cannot be asked.
        """
        left = look_in_flight(self._context, Counter(), self._absent_since)
        self._absent_since = {one: since for one, since in self._absent_since.items() if one in left}
        return bool(left)

    def _pending(self, user_ids: Sequence[str]) -> list[StoredUser]:
        known = known_users(self._context.checkpoint, user_ids)
        return [one for one in known.values() if one.state == State.PENDING]

    def _decide(self, pending: Sequence[StoredUser]) -> None:
        context, checkpoint = self._context, self._context.checkpoint
        user_ids = [one.user_id for one in pending]
        keep_opened_users(checkpoint, user_ids)
        chosen = users_chosen(context.choices, Choice.KEEP, Choice.LINK)
        set_losers_aside(checkpoint, users_sharing(checkpoint, user_ids), context.config.policy, chosen)
        for users in _parts(self._pending(user_ids), users_per_search(context.config)):
            planned = know_who_is_gone(context, decide_all(context, users))
            store_actions(checkpoint, planned)
            if any(one.decision == Decision.ADOPT for one in planned):
                refuse_shared_targets(checkpoint)
        finish_without_sending(checkpoint, user_ids)

    def _send_some(self, decision: Decision, user_ids: Sequence[str]) -> bool:
        """Send one batch; whether there was anybody to send."""
        context = self._context
        size = context.config.descope.batch_size
        batch = claim_batch(context.checkpoint, decision, size, user_ids, lane=context.lane)
        if batch is None:
            return False
        began = context.clock.monotonic()
        sent = (create_batch if decision == Decision.CREATE else update_batch)(context, batch)
        if sent.refused_whole and all(one.refusals < MOST_REFUSALS for one in batch.users):
            sent.take_back()  # so few say nothing about whether the refusal is about them; a run will see
        outcomes = sent.outcomes()
        store_results(context.checkpoint, outcomes, {one.user_id: one.target_hash for one in batch.users})
        context.batch_log.note(decision, outcome_words(outcomes), context.clock.monotonic() - began)
        if sent.error is not None:
            raise sent.error
        return not any(one.state in (State.PENDING, State.SENDING) for one in outcomes)


def _parts(users: Sequence[StoredUser], size: int) -> Iterator[Sequence[StoredUser]]:
    return (users[begin : begin + size] for begin in range(0, len(users), size))
