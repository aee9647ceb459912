"""What people ask of a run takes effect once: on the clock, on every pacer, on the configuration, and on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from config_files import load_with
from deadline import until
from in_memory import Told
from virtual_clock import VirtualClock

from migrator.checkpoint.runs.control import NOTHING_ASKED, Control, change_control, read_control
from migrator.core.errors import StopRun
from migrator.flow import steering as module
from migrator.flow.options import Questions
from migrator.flow.steering import Steering
from migrator.http.pace import Limit, Pacer

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint


class Steered:
    """A run that nobody works for."""

    def __init__(self, store: Checkpoint, folder: Path) -> None:
        self.clock = VirtualClock()
        self.told = Told()
        self.questions = Questions(self.clock)
        self.pacers = [Pacer(self.clock, {"create": Limit(100, 60)}) for _ in range(2)]
        config = load_with(folder, run={"concurrency": 4}).leaving(0.2)
        self.steering = Steering(config, self.clock, store, self.pacers, self.told, self.questions)

    @property
    def notices(self) -> list[str]:
        return [text for _, text in self.told.all]

    @property
    def allowances(self) -> list[float]:
        now = self.clock.monotonic()
        return [pacer._buckets["create"].allowance(now) for pacer in self.pacers]


@pytest.fixture
def steered(store: Checkpoint, tmp_path: Path) -> Steered:
    return Steered(store, tmp_path)


def test_a_pause_begins_and_ends_once(steered: Steered) -> None:
    """Each is told; a second look at the same changes nothing."""
    since = steered.clock.time() - 60
    for _ in range(2):
        steered.steering.apply(Control(paused_since=since))
    assert (steered.clock.paused_since, steered.clock.pauses) == (since, 1)

    for _ in range(2):
        steered.steering.apply(NOTHING_ASKED)

    assert steered.clock.paused_since is None
    begun, ended = steered.notices
    assert begun.startswith("Paused since ")
    assert begun.endswith(". `migrator resume` goes on.")
    assert ended in ("Resumed after 60 s.", "Resumed after 61 s.")


def test_a_rate_scales_every_pacer_and_the_configuration(steered: Steered) -> None:
    """What is left to others by --leave stays a part of it; the end that is told is reckoned with it."""
    steered.steering.apply(Control(rate=0.5))

    assert steered.allowances == [47.5, 47.5]
    assert steered.steering.config.docebo.leave == steered.steering.config.descope.leave == pytest.approx(0.6)
    assert steered.steering.config.run.concurrency == 4
    assert steered.notices == ["Set until this run ends: rate 50 %."]


def test_a_concurrency_is_the_configurations_from_now_on(steered: Steered) -> None:
    """The limits are as they were."""
    steered.steering.apply(Control(concurrency=8))

    assert steered.steering.config.run.concurrency == 8
    assert steered.steering.config.docebo.leave == 0.2
    assert steered.allowances == [95, 95]
    assert steered.notices == ["Set until this run ends: concurrency 8."]


def test_an_open_question_is_not_disturbed(steered: Steered) -> None:
    """The pause holds all the same."""

    def question() -> bool:
        steered.steering.apply(Control(paused_since=1.0))
        return True

    steered.questions.ask(question)

    assert steered.clock.paused_since == 1.0
    assert steered.notices == []


def test_the_checkpoint_is_looked_at_while_it_works(
    steered: Steered, store: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored there takes effect without a word of the run's own."""
    monkeypatch.setattr(module, "ASKED_EVERY", 0.01)
    with steered.steering:
        change_control(store, lambda _was: Control(paused_since=1.0))
        until(lambda: steered.clock.paused_since == 1.0)
        change_control(store, lambda _was: NOTHING_ASKED)
        until(lambda: steered.clock.paused_since is None)


def test_an_error_does_not_end_the_looking(
    steered: Steered, store: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a paused run could never be resumed: neither one of the screen's nor one of the database's."""
    monkeypatch.setattr(module, "ASKED_EVERY", 0.01)
    errors: list[Exception] = [StopRun("gone"), OSError()]

    def failing(checkpoint: Checkpoint) -> Control:
        if errors:
            raise errors.pop()
        return read_control(checkpoint)

    def unseen(_text: str) -> None:
        raise OSError

    monkeypatch.setattr(module, "read_control", failing)
    monkeypatch.setattr(steered.told, "notice", unseen)
    with steered.steering:
        change_control(store, lambda _was: Control(paused_since=1.0))
        until(lambda: steered.clock.paused_since == 1.0)
        change_control(store, lambda _was: NOTHING_ASKED)
        until(lambda: steered.clock.paused_since is None)
    assert errors == []
