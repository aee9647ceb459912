"""Who is meant by a name that several people could claim, and what may be said of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from at_the_door import at_the_door, put, told

from migrator.core.clock import Clock
from migrator.flow.sign_in.answer import SignInOutcome
from migrator.serve.desk import Desk
from migrator.serve.requests import ResolveRequest

if TYPE_CHECKING:
    from world import Place


def world(place: Place, users: int = 3) -> None:
    place.sandbox.control.reset(users=users, strangers=0, difficult=0)


def test_two_user_names_that_differ_by_case_are_two_people_also_at_one_moment(place: Place) -> None:
    """Requests of one moment share an answer only where the names are the very same."""
    world(place)
    put(place, 90001, "nina", "nina.one@example.org")
    put(place, 90002, "NINA", "nina.two@example.org")
    assert place.migrate().error is None
    with at_the_door(place) as serving:
        desk = Desk(serving.sign_ins, Clock(), 100)

        async def both() -> list[str | None]:
            names = [ResolveRequest(name, "1") for name in ("nina", "NINA")]
            answers = await asyncio.gather(*(desk.answer(one, "127.0.0.1") for one in names))
            return [one.answer.login_id for one in answers]

        assert asyncio.run(both()) == ["nina.one@example.org", "nina.two@example.org"]
        desk.close()


def test_a_newcomer_is_not_taken_for_somebody_whose_user_name_differs_by_case(place: Place) -> None:
    """Whom the checkpoint knows by the very user name comes before whoever has it in another spelling."""
    world(place)
    put(place, 90001, "nina", "nina.one@example.org")
    put(place, 90002, "NINA", "nina.two@example.org")
    assert place.migrate(limit=4).error is None
    with at_the_door(place) as serving:
        assert told(serving.sign_ins, "nina").login_id == "nina.one@example.org"
        assert told(serving.sign_ins, "NINA").login_id == "nina.two@example.org"


def test_nobody_is_absent_of_whom_too_many_have_a_part(place: Place) -> None:
    """Docebo finds more for the name than is read: that nobody was seen says nothing."""
    world(place, users=1600)
    assert place.migrate(limit=1).error is None
    put(place, 90001, "xample", "somebody@acme.org")
    with at_the_door(place) as serving:
        assert told(serving.sign_ins, "xample").outcome is SignInOutcome.REFUSED


def test_whoever_was_linked_before_the_checkpoint_was_lost_is_not_fresh(place: Place) -> None:
    """A user who carries our mark and no `freshlyMigrated` had a credential before this migration."""
    place.sandbox.control.reset(users=4, strangers=2, difficult=0)
    place.configure(policy={"existing": "link"})
    assert place.migrate().error is None
    with at_the_door(place) as serving:
        before = {one["email"]: told(serving.sign_ins, one["email"]).fresh for one in place.sources()}
    (place.folder / "migrator.db").unlink()
    for left in place.folder.glob("migrator.db-*"):
        left.unlink()
    assert place.migrate().error is None
    with at_the_door(place) as serving:
        after = {one["email"]: told(serving.sign_ins, one["email"]).fresh for one in place.sources()}
    assert False in before.values()
    assert after == before


@pytest.mark.parametrize("keep", ["always", "until_done"])
def test_nobody_is_let_in_as_somebody_whose_address_only_folds_to_the_same(place: Place, keep: str) -> None:
    """Two addresses may collide, and yet belong to two people: the second waits for a person, with no login id told."""
    world(place)
    place.configure(checkpoint={"keep_profiles": keep})
    put(place, 90001, "one", "strasse@example.org")
    assert place.migrate().error is None
    put(place, 90002, "two", "stra\u00dfe@example.org")
    with at_the_door(place) as serving:
        assert told(serving.sign_ins, "strasse@example.org").login_id == "strasse@example.org"
        answer = told(serving.sign_ins, "stra\u00dfe@example.org")
        assert (answer.outcome, answer.login_id) == (SignInOutcome.CONFLICT, None)
