"""The verification at a run's end: once for whoever was sent, by nothing but users/load."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from oracle import read_rows
from sqlalchemy import update
from virtual_clock import VirtualClock

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import source_user
from migrator.core.clock import Clock
from migrator.descope.reader import DescopeReader
from migrator.docebo.client import DoceboClient
from migrator.normalize.mapping import Normalizer
from migrator.verify.after_run import verify_after_run
from migrator.verify.full import verify_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest
    from world import Place

    from migrator.descope.user import DescopeUser
    from migrator.verify.readback import Difference

LOAD = "/v1/mgmt/users/load"


@contextmanager
def opened(place: Place, clock: Clock | None = None) -> Iterator[tuple[Checkpoint, DescopeReader]]:
    """The checkpoint as a run holds it, and the reading client; whoever arrived counts as not verified yet."""
    clock = clock or Clock()
    config = place.config
    descope = DescopeReader(config.descope, clock)
    with Checkpoint(config.checkpoint.sqlalchemy_url, config.checkpoint.key, clock, upgrade=False) as checkpoint:
        checkpoint.write(lambda c: c.execute(update(source_user).values(verdict=None)))
        yield checkpoint, descope
    descope.close()


def migrated(place: Place, users: int, keep: str = "always") -> None:
    place.configure(checkpoint={"keep_profiles": keep})
    place.sandbox.control.reset(users=users, difficult=0)
    place.migrate()
    place.sandbox.control.clear_journal()


def verified(place: Place) -> set[str]:
    return {user_id for user_id, row in read_rows(place.checkpoint, place).items() if row["verdict"] == "same"}


def test_whoever_is_right_is_noted_and_not_read_again(any_place: Place) -> None:
    """One load per hundred users; the one that differs is read again the next time, nobody else is."""
    place = any_place
    migrated(place, 450)
    somebody = place.targets()[17]
    place.sandbox.control.put_descope_user({**somebody, "name": "Wrong"})
    user_id = somebody["customAttributes"]["doceboUserId"]
    told: list[Difference] = []

    with opened(place) as (checkpoint, descope):
        first = verify_after_run(checkpoint, descope, place.config, tell=told.append)
        calls = [entry["path"] for entry in place.journal()]
        again = verify_after_run(checkpoint, descope, place.config)

    assert first == {"same": 449, "differs": 1, "missing": 0, "extra": 0}
    assert again == {"same": 0, "differs": 1, "missing": 0, "extra": 0}
    assert [(one.docebo_user_id, one.field) for one in told] == [(user_id, "name")]
    assert calls == [LOAD] * 5
    assert [entry["path"] for entry in place.journal()] == [LOAD] * 6
    assert set(read_rows(place.checkpoint, place)) - verified(place) == {user_id}


def test_reads_that_lag_behind_are_waited_for(place: Place) -> None:
    """Users not shown right after they were written are looked for once more, after settle_seconds."""
    migrated(place, 30)
    place.configure(descope={"settle_seconds": 45})
    gone = place.targets()[3]
    place.sandbox.control.delete_descope_user(gone["userId"])
    clock = VirtualClock()

    with opened(place, clock) as (checkpoint, descope):

        def come_back() -> None:
            if clock.waits:
                place.sandbox.control.put_descope_user(gone)

        clock.guard(come_back)  # whoever comes back while we wait was only slow to be shown
        classes = verify_after_run(checkpoint, descope, place.config)

    assert clock.waits == [45]
    assert classes == {"same": 30, "differs": 0, "missing": 0, "extra": 0}


def test_who_stays_away_is_missing_once(place: Place) -> None:
    """A user that is not shown the second time either counts as missing, once, and is not noted as verified."""
    migrated(place, 30)
    gone = place.targets()[3]
    place.sandbox.control.delete_descope_user(gone["userId"])

    with opened(place) as (checkpoint, descope):
        classes = verify_after_run(checkpoint, descope, place.config)

    assert classes == {"same": 29, "differs": 0, "missing": 1, "extra": 0}
    assert gone["customAttributes"]["doceboUserId"] not in verified(place)


def test_erased_users_are_verified_by_mark_and_login(place: Place) -> None:
    """Whoever an earlier run erased without a verification is read once, with what is still known."""
    migrated(place, 30, keep="until_done")
    somebody = place.targets()[3]
    place.sandbox.control.put_descope_user({**somebody, "loginIds": ["moved@example.org"]})

    with opened(place) as (checkpoint, descope):
        classes = verify_after_run(checkpoint, descope, place.config)

    assert classes == {"same": 29, "differs": 1, "missing": 0, "extra": 0}


def test_a_user_the_bulk_read_leaves_out_gets_a_second_look(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever users/load does not give is asked for by id, before anybody says missing."""
    migrated(place, 30)
    forgotten = place.targets()[3]
    load = DescopeReader._load

    def forgetful(reader: DescopeReader, user_ids: Sequence[str]) -> list[DescopeUser]:
        return [user for user in load(reader, user_ids) if user.user_id != forgotten["userId"]]

    monkeypatch.setattr(DescopeReader, "_load", forgetful)
    with opened(place) as (checkpoint, descope):
        docebo = DoceboClient(place.config.docebo, Clock())
        normalizer = partial(Normalizer, place.config.mapping, place.config.docebo.platform)
        verdict = verify_all(checkpoint, descope, place.config, (docebo, normalizer))
        docebo.close()

    assert verdict.classes == {"same": 30, "differs": 0, "missing": 0, "extra": 0}
    looks = [entry["query"] for entry in place.journal() if entry["path"] == "/v1/mgmt/user"]
    assert looks == [{"userId": forgotten["userId"]}]
    assert place.journal("docebo") == []  # the profiles are still here
