"""Answers who signs in: from the checkpoint, or else by looking in Docebo and bringing the person in."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint.db.database import DatabaseLost
from migrator.checkpoint.users.sign_ins import users_called
from migrator.checkpoint.users.stored_user import StoredUser
from migrator.checkpoint.users.verdicts import known_users
from migrator.core.errors import Interrupted, LeaseLost, MigratorError, NoTurn
from migrator.core.model import Ready, State
from migrator.docebo.client import BUCKET
from migrator.flow.read.records import RecordReader
from migrator.flow.send.settle import FIRST_PAUSE
from migrator.flow.sign_in.admission import Admission
from migrator.flow.sign_in.answer import (
    SignInAnswer,
    SignInOutcome,
    has_username,
    identify,
    is_called,
    known_login_id,
    ready,
)
from migrator.flow.sign_in.find import find_called
from migrator.log.setup import get_logger
from migrator.normalize.identity import user_key_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.core.model import Normalized
    from migrator.flow.context import RunContext
    from migrator.normalize.mapping import Normalizer

_log = get_logger(__name__)

MOST_AT_ONCE = 100  # people brought in together
RIGHTS_HOLD = 600.0  # seconds for which the rights of Docebo's session are trusted


class NoRoom(Exception):
    """The calls that sign-ins may make to Docebo are used up for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no calls to Docebo for {seconds:.0f} s")
        self.seconds = seconds


class SignIns:
    """Answers about one login each; thread-safe. The thread between `start` and `close` alone writes.

    Attributes:
        lost: what makes every further answer impossible: the lease or the database is gone; None while all is well.

    Args:
        context: of the lane of those who sign in, with Docebo's calls for them alone.
    """

    def __init__(self, context: RunContext) -> None:
        self.lost: MigratorError | None = None
        self._context = context
        self._records = RecordReader(context.config, context.normalize, context.choices)
        self._admission = Admission(context)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._run = threading.Lock()  # held while records are stored, so that no run begins meanwhile
        self._run_at_work = False
        self._rights = threading.Lock()
        self._rights_until = context.clock.monotonic() + RIGHTS_HOLD
        self._thread = threading.Thread(target=self._work, name="sign-ins", daemon=True)

    def start(self) -> None:
        """Begin to work, and to settle what an earlier process left in flight."""
        self._thread.start()

    def stop_waiting(self) -> None:
        """Let nothing that is under way wait any longer: for a limit, a pause, or a server. What is sent is stored."""
        self._context.clock.request_stop()

    def close(self) -> None:
        """End; returns when everything that was begun is stored."""
        self._jobs.put(None)
        self._thread.join()

    def set_run_at_work(self, at_work: bool) -> None:
        """Say that a run begins, or has ended, in this process."""
        with self._run:
            self._run_at_work = at_work

    def map_with(self, normalize: Normalizer) -> None:
        """Map records with this from now on: branches and groups were read anew."""
        self._records = replace(self._records, normalize=normalize)

    # --- answers -------------------------------------------------------------------------------

    def known(self, name: str) -> SignInAnswer | StoredUser | None:
        """The answer that the checkpoint alone gives; or who is in Descope, to be asked about; None if nobody is known.

        Raises:
            MigratorError: the checkpoint cannot be read.
        """
        found = identify(name, users_called(self._context.checkpoint, name))
        if not isinstance(found, StoredUser):
            return None if found is None else SignInAnswer(found)
        return _ready_as_stored(found, name) or found

    def ask_descope(self, user: StoredUser, name: str) -> SignInAnswer | None:
        """The answer about a user who is there, of whom the checkpoint knows too little.

        None if Descope has nobody, or the name is not the user's own.

        Raises:
            MigratorError: Descope cannot be asked.
        """
        there = self._context.descope.by_id(user.target_id or "")
        if there is None or not there.login_ids:
            return None
        called = [one for one in there.login_ids if is_called(name, one)]
        if not (called or is_called(name, there.email) or has_username(user, name)):
            return None
        return ready(user, (called or there.login_ids)[0], marked_fresh=there.fresh is not None)

    def look_up(self, name: str) -> SignInAnswer:
        """The answer about somebody who is not known: after looking in Docebo, and bringing the person in.

        Raises:
            NoRoom: Docebo may not be asked now.
            MigratorError: it could not be had; trying again is safe.
        """
        self._check_room()
        try:
            users, namesakes, whole = self._found(name)
        except NoTurn as error:
            raise NoRoom(error.seconds) from None
        if not users:
            # Of a part of everybody's name, somebody may be called that who was not shown.
            return SignInAnswer(SignInOutcome.ABSENT if whole else SignInOutcome.REFUSED)
        job = _Job([*users, *namesakes])
        self._jobs.put(job)
        job.done.result()
        self._guard_lost()
        return self._after(name, [one.user_id for one in users])

    def _after(self, name: str, user_ids: Sequence[str]) -> SignInAnswer:
        """What is to be answered when everything was tried.

        Args:
            user_ids: whom Docebo calls that; the checkpoint may know them by another spelling of the name.
        """
        checkpoint = self._context.checkpoint
        by_id = list(known_users(checkpoint, user_ids).values())
        found = identify(name, [*users_called(checkpoint, name), by_id], final=True)
        if not isinstance(found, StoredUser):
            return SignInAnswer(found or SignInOutcome.BUSY)
        answer = _ready_as_stored(found, name) or self.ask_descope(found, name)
        return answer or SignInAnswer(SignInOutcome.CONFLICT)

    # --- Docebo --------------------------------------------------------------------------------

    def _found(self, name: str) -> tuple[list[Normalized], list[Normalized], bool]:
        """Whoever Docebo knows by this name; their namesakes; and whether all that it finds was looked at."""
        self._check_rights()
        records, whole = find_called(self._context.docebo, name)
        if not whole:
            _log.info("found_too_many", found=len(records))
        users = [self._records.read(item, user_key_or_none(item)) for item in records]
        return users, self._namesakes(users, name), whole

    def _check_room(self) -> None:
        seconds = self._context.docebo.pacer.wait_left(BUCKET)
        if seconds > 0:
            raise NoRoom(seconds)

    def _check_rights(self) -> None:
        """A session that lost its rights shows some people only: nobody is absent by its word."""
        with self._rights:
            if self._context.clock.monotonic() < self._rights_until:
                return
            self._context.docebo.check_session()
            self._rights_until = self._context.clock.monotonic() + RIGHTS_HOLD

    def _namesakes(self, users: Sequence[Normalized], name: str) -> list[Normalized]:
        """Whoever shares the address of somebody who was found by the user name: there is no guessing."""
        known = {one.user_id for one in users}
        others: list[Normalized] = []
        for user in users:
            if not isinstance(user, Ready) or not user.target.email or is_called(name, user.target.email):
                continue
            found, _ = find_called(self._context.docebo, user.target.email)
            read = (self._records.read(item, user_key_or_none(item)) for item in found)
            others += [one for one in read if one.user_id not in known]
        return others

    # --- the one thread that writes ------------------------------------------------------------

    def _work(self) -> None:
        in_flight, over = True, False
        patience: float | None = 0.0  # what an earlier process left in flight is settled first
        while not over:
            jobs, over = self._next(patience)
            try:
                if in_flight:
                    in_flight = self._admission.settle()
                if jobs:
                    in_flight |= self._do(jobs)
            except BaseException as error:  # noqa: BLE001 -- whoever waits must hear of it
                self._note(error)
                in_flight = True
                for job in jobs:
                    job.done.set_exception(error)
            else:
                for job in jobs:
                    job.done.set_result(None)
            patience = FIRST_PAUSE if in_flight else None

    def _next(self, patience: float | None) -> tuple[list[_Job], bool]:
        """The jobs that wait, those of one moment together; and whether that is the end."""
        jobs: list[_Job] = []
        try:
            first = self._jobs.get(timeout=patience)
            while first is not None:
                jobs.append(first)
                if len(jobs) == MOST_AT_ONCE:
                    return jobs, False
                first = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

    def _do(self, jobs: Sequence[_Job]) -> bool:
        """Bring the users of these jobs in; whether somebody may be in flight now."""
        users = {one.user_id: one for job in jobs for one in job.users}
        user_ids = list(users)
        with self._context.alone:
            with self._run:
                self._admission.store(list(users.values()), run_at_work=self._run_at_work)
            self._admission.send(user_ids)
        known = known_users(self._context.checkpoint, user_ids)
        return any(one.state == State.SENDING for one in known.values())

    def _note(self, error: BaseException) -> None:
        if isinstance(error, LeaseLost | DatabaseLost):
            self.lost = error
        if isinstance(error, Interrupted):
            return  # by `stop_waiting`; whatever is in flight is settled by whoever comes next
        _log.warning("sign_in_failed", kind=type(error).__name__)

    def _guard_lost(self) -> None:
        if self.lost is not None:
            raise self.lost


def _ready_as_stored(user: StoredUser, name: str) -> SignInAnswer | None:
    """The answer about a user who is there; None where no login id is left, or nobody knows who created it."""
    login_id = known_login_id(user, name)
    return None if login_id is None or user.origin is None else ready(user, login_id)


class _Job:
    """Users to bring in, and the end of that."""

    def __init__(self, users: Sequence[Normalized]) -> None:
        self.users = users
        self.done: Future[None] = Future()
