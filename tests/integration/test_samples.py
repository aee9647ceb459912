"""The samples a running job leaves behind: few, in order, each with the reason for waiting."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from deadline import until

from migrator.checkpoint.runs.progress import ProgressPoint, recent_progress, store_progress
from migrator.checkpoint.runs.runs import begin_run
from migrator.core.clock import Clock
from migrator.core.errors import Interrupted
from migrator.flow import progress_recorder
from migrator.flow.opening import open_run
from migrator.flow.options import RunEvents, RunOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

    from migrator.flow.context import PlanContext
    from migrator.flow.progress_recorder import ProgressRecorder
    from migrator.http.pace import Pacer


class HandClock(Clock):
    """Time that passes when a test says so; the wall clock jumps back an hour on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.jump = 0.0

    def monotonic(self) -> float:
        """Stand still."""
        return self.now

    def time(self) -> float:
        """Tell what the wall clock shows."""
        return 1_800_000_000 + self.now + self.jump


class Heard(RunEvents):
    """What reached the listener."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def stage(self, name: str) -> None:
        """Hear it."""
        self.told.append(name)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Hear it."""
        self.told.append((stage, done, total))

    def notice(self, text: str) -> None:
        """Hear it."""
        self.told.append(text)


@contextmanager
def recorded(place: Place, clock: Clock, events: RunEvents) -> Iterator[tuple[PlanContext, int, ProgressRecorder]]:
    with open_run(place.config, RunOptions(), clock, events) as run:
        number = begin_run(run.context.checkpoint, "run")
        with run.recorder.recording(number):
            yield run.context, number, run.recorder


def test_a_sample_is_taken_at_most_every_two_seconds(any_place: Place) -> None:
    """However often a job tells of progress; the listener behind still hears everything."""
    clock, heard = HandClock(), Heard()
    with recorded(any_place, clock, heard) as (context, number, _):
        context.events.stage("send")
        for done in range(1, 101):
            clock.now += 0.125
            clock.jump = -3600 if done > 50 else 0
            context.events.progress("send", done, 200)
        taken = recent_progress(context.checkpoint, number)
    assert heard.told == ["send", *(("send", done, 200) for done in range(1, 101))]
    told = [("send", 0, None), *(("send", done, 200) for done in range(16, 101, 16))]
    assert [(one.stage, one.done, one.total) for one in taken] == told
    assert [one.at - taken[0].at for one in taken] == pytest.approx([0, 2, 4, 6, 8, 10, 12])


def test_samples_of_runs_are_kept_apart_and_go_forward(any_place: Place) -> None:
    """A run reads its own samples only; two of the same moment become two moments."""
    with recorded(any_place, Clock(), RunEvents()) as (context, number, _):
        for at, done in ((1000.0, 1), (1000.0, 2), (900.0, 3), (1010.0, 4)):
            store_progress(context.checkpoint, number, ProgressPoint(at, "send", done, 9, 3, 1, "why"))
        store_progress(context.checkpoint, number + 1, ProgressPoint(2000.0, "read", 7, None))

        mine = recent_progress(context.checkpoint, number)
        assert [one.done for one in mine] == [1, 2, 3, 4]
        assert [one.at for one in mine] == sorted({one.at for one in mine})
        assert mine[0] == ProgressPoint(1000.0, "send", 1, 9, 3, 1, "why")
        assert [one.done for one in recent_progress(context.checkpoint, number, seconds=5)] == [4]
        assert recent_progress(context.checkpoint, number + 1) == [ProgressPoint(2000.0, "read", 7, None)]


def stopped(pacer: Pacer) -> None:
    """Wait for the pace until a stop is requested."""
    with pytest.raises(Interrupted):
        pacer.acquire("any")


@pytest.mark.parametrize("api", ["Docebo", "Descope"])
def test_a_job_that_is_held_up_says_why(place: Place, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    """A job that waits tells nothing of progress; samples go on all the same, with the reason."""
    monkeypatch.setattr(progress_recorder, "EVERY", 0.01)
    with recorded(place, Clock(), RunEvents()) as (context, number, _):
        context.events.progress("read", 5, 10)
        pacer = getattr(context, api.lower()).pacer
        pacer.throttled("any", 600)
        worker = threading.Thread(target=stopped, args=(pacer,))
        worker.start()

        taken = until(lambda: [one for one in recent_progress(context.checkpoint, number) if one.waiting])
        context.clock.request_stop()
        worker.join()

    assert taken[0].waiting is not None
    assert taken[0].waiting.startswith(f"{api} asked for a pause; goes on in ")
    assert (taken[0].stage, taken[0].done, taken[0].total) == ("read", 5, 10)


def test_a_notice_is_why_the_job_waits_until_it_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the job tells people before it waits is the reason; progress ends it."""
    monkeypatch.setattr(progress_recorder, "EVERY", 0.01)
    with recorded(place, Clock(), RunEvents()) as (context, number, _):
        context.events.progress("send", 5, 10)
        context.events.notice("Looking again in 60 s")
        until(
            lambda: [
                one for one in recent_progress(context.checkpoint, number) if one.waiting == "Looking again in 60 s"
            ]
        )
        context.events.progress("send", 6, 10)
        went_on = until(lambda: [one for one in recent_progress(context.checkpoint, number) if one.done == 6])

    assert {one.waiting for one in went_on} == {None}


def test_trouble_with_samples_ends_no_job(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the lease is lost, the sampling thread leaves it to the job to notice."""
    monkeypatch.setattr(progress_recorder, "EVERY", 0.01)
    with recorded(place, Clock(), RunEvents()) as (context, number, recorder):
        context.events.progress("send", 5, 10)
        context.checkpoint.fence += 1
        context.events.notice("waiting, so that the thread has something to say")
        first = recorder._taken
        until(lambda: recorder._taken != first)
        context.checkpoint.fence -= 1
        context.events.progress("send", 6, 10)
        until(lambda: recent_progress(context.checkpoint, number)[-1].done == 6)


def test_a_job_that_waits_for_an_answer_says_nothing_new(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a person thinks about the plan no rows pile up."""
    monkeypatch.setattr(progress_recorder, "EVERY", 0.001)
    with recorded(place, Clock(), RunEvents()) as (context, number, recorder):
        context.events.progress("plan", 10, 10)
        looks: list[int] = []
        monkeypatch.setattr(recorder, "_waiting", lambda: looks.append(1))
        until(lambda: len(looks) > 20)

        assert len(recent_progress(context.checkpoint, number)) == 1
