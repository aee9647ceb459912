"""Send what the plan decided: batches in flight, outcomes stored, unanswered ones settled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.verifications import next_verification
from migrator.checkpoint.users.plans import SENT_DECISIONS
from migrator.checkpoint.users.sends import claim_batch, count_left, has_hopeful, is_anybody_left, store_results
from migrator.core.errors import StopRun
from migrator.core.model import ARRIVED_STATES, OPEN_STATES, Decision, State
from migrator.flow.context import MissingGrants, ProjectAttributes
from migrator.flow.logbook import outcome_words
from migrator.flow.plan.project_grants import create_missing
from migrator.flow.read_back import SentReadBack, read_back_sent
from migrator.flow.send.batch import ENOUGH_USERS, MOST_REFUSALS, EverybodyRefused
from migrator.flow.send.create import create_batch
from migrator.flow.send.read_beside import ReadBeside
from migrator.flow.send.settle import MOST_ATTEMPTS, settle_in_flight
from migrator.flow.send.update import update_batch
from migrator.flow.threads import run_in_threads
from migrator.log.setup import get_logger
from migrator.report.lists.crosswalk import Crosswalk

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Collection

    from migrator.checkpoint.users.sends import ClaimedBatch
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.flow.context import RunContext
    from migrator.flow.send.batch import BatchResults

_log = get_logger(__name__)

FINAL = frozenset(State) - {*OPEN_STATES}
UNANSWERED_IN_A_ROW = 3  # batches, before settling takes precedence over sending more
MANY_BATCHES = 3  # in a row that were refused whole with one code, before the run stops
SILENT_ROUNDS = 3  # rounds in which no write was answered, before the run stops


class Sender:
    """Sends what was planned; one per run, because it learns how large a batch may be.

    Attributes:
        read_back: what reading back has shown of the users that this run sent.
    """

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.read_back = SentReadBack(next_verification(context.checkpoint))
        self._batch_size = context.config.descope.batch_size

    def send(self, stage: str = "send", only: Collection[str] | None = None) -> None:
        """Send every planned user, or only those of `only`, and settle every request.

        Raises:
            StopRun: Descope answers no writes, refuses us, or the error budget is used up; what was sent is
                stored, and running again continues.
        """
        context = self.context
        context.events.stage(stage)
        todo = sum(count_left(context.checkpoint, only).values())
        context.events.progress(stage, 0, todo)
        if not todo:
            return
        self.context = define_attributes(self.context)
        silent = 0
        round_ = _Round(self.context, stage, only, todo, self._batch_size, self.read_back)
        while is_anybody_left(context.checkpoint, only):
            try:
                round_.run()
            finally:
                self.read_back = round_.read_beside.found
            self._batch_size = round_.batch_size
            silent = 0 if round_.answered else silent + 1
            # All of a few users may be ones that Descope chokes on, and users with no attempts left show nothing new.
            many = has_hopeful(context.checkpoint, ENOUGH_USERS, MOST_ATTEMPTS, only)
            if silent >= SILENT_ROUNDS and many:
                raise StopRun(
                    "Descope is not answering any write.",
                    fix="Check its status page and your network, then run again: what is unknown is settled first.",
                )
            if round_.unanswered:
                self._count(settle_in_flight(self.context, this_run=True, may_give_up=round_.answered or not many))
                round_.renew_crosswalk()  # settling stored users after it was written
                context.budget.check()

    def read_back_sent(self, *, again: bool = True) -> None:
        """Read back whoever of those sent was not seen right while others were sent (`read_back.read_back_sent`)."""
        self.read_back = read_back_sent(self.context, self.read_back, again=again)

    def _count(self, became: Counter[State]) -> None:
        """Count settled users as sent by this run; users of an earlier run are settled before."""
        decided = sum(number for state, number in became.items() if state in FINAL)
        self.context.budget.count(done=decided, failed=became[State.FAILED])

    def create_missing(self) -> None:
        """Create the tenants and roles that rules give and the project lacks; asked for, also if nobody is sent."""
        if self.context.missing:
            create_missing(self.context.descope, self.context.config, self.context.missing)
            self.context = replace(self.context, missing=MissingGrants())


def define_attributes(context: RunContext) -> RunContext:
    """The same run, once the project has every custom attribute that is needed."""
    missing = context.attributes.missing
    if not missing:
        return context
    context.descope.create_attributes(missing)
    _log.info("attributes_defined", names=sorted(missing))
    return replace(context, attributes=ProjectAttributes(context.attributes.types))


class _Round:
    """One round of sending, until nothing is left or too much goes unanswered."""

    def __init__(
        self,
        context: RunContext,
        stage: str,
        only: Collection[str] | None,
        todo: int,
        batch_size: int,
        read_back: SentReadBack,
    ) -> None:
        self._context = context
        self._stage = stage
        self._only = only
        self._todo = todo
        self.batch_size = batch_size
        self.renew_crosswalk()
        self.read_beside = ReadBeside(context, read_back)
        self._done = 0
        self._streak = 0
        # Batches in which everybody was refused alike, kept until it is known whether that is about their users.
        self._held: list[BatchResults] = []
        self._refuses_all = ""
        self._somebody_was_taken = False
        self._order = list(reversed(SENT_DECISIONS))
        self.answered = False
        self.unanswered = False

    def renew_crosswalk(self) -> None:
        """Write the crosswalk from the checkpoint's current content."""
        self._crosswalk = Crosswalk(self._context.config.report.path, self._context.checkpoint)

    def run(self) -> None:
        """Send until nobody is left, or too many batches in a row go unanswered."""
        self._streak = 0
        self.answered = self.unanswered = False
        # The kinds alternate: users who get no answer must not block all others.
        self._order.reverse()
        try:
            run_in_threads(self._context.at_once, self._next, lambda task: task(), lambda store: store())
            self._judge_refusals(last=True)
        finally:
            self._record_held()
        self._context.budget.check()

    def _next(self) -> Callable[[], Callable[[], None]] | None:
        """The next call for a worker, which returns what this thread does with the answer; None if there is none."""
        self._context.clock.check()
        if self._streak >= UNANSWERED_IN_A_ROW:
            return None
        if users := self.read_beside.next_list():
            return partial(self._look, users)
        batch = self._next_batch()
        return None if batch is None else partial(self._send, batch)

    def _next_batch(self) -> ClaimedBatch | None:
        context = self._context
        for decision in self._order:
            # If everybody is refused, the other end of the list shows whether it is about these users.
            batch = claim_batch(
                context.checkpoint, decision, self.batch_size, self._only, last=bool(self._held), lane=context.lane
            )
            if batch is not None:
                return batch
        return None

    def _send(self, batch: ClaimedBatch) -> Callable[[], None]:
        work = create_batch if batch.decision == Decision.CREATE else update_batch
        began = self._context.clock.monotonic()
        sent = work(self._context, batch)
        sent.seconds = self._context.clock.monotonic() - began
        return partial(self._store, sent)

    def _look(self, users: list[StoredUser]) -> Callable[[], None]:
        return partial(self.read_beside.store, users, self.read_beside.look(users))

    def _store(self, sent: BatchResults) -> None:
        self.answered |= sent.answered
        self.unanswered |= sent.unanswered
        self._streak = 0 if sent.answered else self._streak + sent.unanswered
        if sent.refused_whole and sent.error is None:
            self._held.append(sent)
            self._judge_refusals()
            return
        if sent.answered:
            self._record_held()
        self._record(sent)
        if sent.error is not None:
            raise sent.error
        self._context.budget.check()

    def _judge_refusals(self, *, last: bool = False) -> None:
        """Stop if batch after batch is refused with one code, because that is not about the users in them.

        A user whom a person asked for again, or who was refused with everybody in several runs, proves nothing.
        """
        large = [sent for sent in self._held if len(sent.batch.users) >= ENOUGH_USERS]
        codes = {sent.refused_whole for sent in large}
        proof = any(not user.retry and user.refusals < MOST_REFUSALS for sent in large for user in sent.batch.users)
        enough = len(large) >= MANY_BATCHES or (last and not self._somebody_was_taken)
        if proof and len(codes) == 1 and enough:
            self._refuses_all = codes.pop()
            raise EverybodyRefused(self._refuses_all, sum(sent.refused_alike()[1] for sent in large))

    def _record_held(self) -> None:
        held, self._held = self._held, []
        for sent in held:
            if self._refuses_all and sent.refused_whole == self._refuses_all:
                sent.take_back()
            self._record(sent)

    def _record(self, sent: BatchResults) -> None:
        outcomes = sent.outcomes()
        store_results(self._context.checkpoint, outcomes, {user.user_id: user.target_hash for user in sent.batch.users})
        self._context.batch_log.note(sent.batch.decision, outcome_words(outcomes), sent.seconds)
        self._crosswalk.add(outcomes)
        self.read_beside.add(outcomes)
        self._done += sum(1 for one in outcomes if one.state in FINAL)
        self._context.events.progress(self._stage, min(self._done, self._todo), self._todo)
        self._somebody_was_taken |= any(one.state in ARRIVED_STATES for one in outcomes)
        self._learn_size(sent)
        self._context.budget.count(
            done=sum(1 for one in outcomes if one.state in FINAL),
            failed=sum(1 for one in outcomes if one.state == State.FAILED),
        )

    def _learn_size(self, sent: BatchResults) -> None:
        """A batch refused as a whole but accepted in parts was only too large (docs/contract/descope.md 10.2)."""
        whole = all(one.state in FINAL and one.state != State.FAILED for one in sent.outcomes())
        if sent.largest is not None and whole and sent.batch.decision == Decision.CREATE:
            self.batch_size = min(self.batch_size, sent.largest)
            _log.info("batch_size_learned", size=self.batch_size)
