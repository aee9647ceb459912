"""Nobody who is known waits for those who are not."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from at_the_door import at_the_door

from migrator.core.clock import Clock
from migrator.flow.sign_in.answer import SignInOutcome
from migrator.serve.desk import MOST_FLIGHTS, Desk
from migrator.serve.requests import ResolveRequest

if TYPE_CHECKING:
    import pytest
    from world import Place

    from migrator.flow.sign_in.answer import SignInAnswer


def test_a_crowd_before_a_docebo_that_hangs_keeps_no_known_person_out(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many names wait for Docebo, whoever the checkpoint knows is answered."""
    place.sandbox.control.reset(users=3, strangers=0, difficult=0)
    assert place.migrate().error is None
    [known, *_] = [one["email"] for one in place.sources()]
    with at_the_door(place) as serving:
        goes_on = threading.Event()

        def hang(_name: str) -> SignInAnswer:
            goes_on.wait(60)
            raise TimeoutError

        monkeypatch.setattr(serving.sign_ins, "look_up", hang)
        desk = Desk(serving.sign_ins, Clock(), 10_000)

        async def ask() -> SignInOutcome:
            names = [ResolveRequest(f"nobody{n}@example.org", str(n)) for n in range(2 * MOST_FLIGHTS)]
            crowd = [asyncio.create_task(desk.answer(one, "127.0.0.1")) for one in names]
            await asyncio.wait(crowd, timeout=5)
            found = await desk.answer(ResolveRequest(known, "k"), "127.0.0.1")
            goes_on.set()
            await asyncio.gather(*crowd, return_exceptions=True)
            return found.answer.outcome

        assert asyncio.run(ask()) is SignInOutcome.READY
        desk.close()
