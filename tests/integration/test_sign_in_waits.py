"""Nobody who signs in, and no server that stops, waits for a limit or for a pause (docs/serve.md)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from at_the_door import asked, put
from deadline import until

from migrator.core.errors import LeaseLost

if TYPE_CHECKING:
    from world import Place


def test_a_look_up_that_uses_up_the_calls_does_not_wait_for_the_next_hour(place: Place) -> None:
    """It is told to come back later, holds no thread, and a stop does not wait for it."""
    place.sandbox.control.reset(users=3, strangers=0, difficult=0)
    assert place.migrate().error is None
    put(place, 90001, "nina", "nina.berg@example.org")
    with asked(place, docebo_calls_per_hour=2) as server:  # by the user name it takes two calls and one for the token
        statuses = [server.resolve("nina", str(n))[0] for n in range(3)]
        assert statuses[-1] == 429
        assert server.stop(5)


def test_a_pause_does_not_keep_the_server_from_stopping(place: Place) -> None:
    """`migrator pause` holds everything that goes out; a stop ends what waits."""
    place.sandbox.control.reset(users=3, strangers=0, difficult=0)
    assert place.migrate().error is None
    put(place, 90001, "nina", "nina.berg@example.org")
    with asked(place) as server:
        assert place.forked("pause").code == 0
        until(lambda: server.is_paused)
        assert server.resolve("nina")[1]["outcome"] == "busy"
        assert server.resolve(place.sources()[0]["email"])[1]["outcome"] == "ready"
        assert server.stop(20)


def test_a_server_whose_lease_is_lost_ends_and_says_so(place: Place) -> None:
    """Whoever took over decides; nobody is answered from what may be old."""
    place.sandbox.control.reset(users=3, strangers=0, difficult=0)
    assert place.migrate().error is None
    with asked(place) as server:
        with sqlite3.connect(place.folder / "migrator.db") as database:
            database.execute("UPDATE migration SET fence = fence + 1")
        put(place, 90001, "nina", "nina.berg@example.org")
        assert server.resolve("nina")[1]["outcome"] == "busy"
        server.thread.join(30)
        assert not server.thread.is_alive()
    assert isinstance(server.error, LeaseLost)
    assert [one for one in place.targets() if one["email"] == "nina.berg@example.org"] == []
