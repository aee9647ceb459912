"""What reading back has shown: numbered, kept with its time and scope, and the newest one told."""

from __future__ import annotations

import json
import time
from copy import deepcopy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL, insert, select, update
from two_migrations import KEY, NOW, OTHER, StillClock

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import migration, verification
from migrator.checkpoint.runs.verifications import (
    NEVER_VERIFIED,
    SCOPE_ALL,
    SCOPE_NONE,
    SCOPE_SAMPLE,
    SCOPE_SENT,
    Verification,
    earlier_full_verification,
    newest_verification,
    store_verification,
    verification_document,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLASSES = {"same": 2, "differs": 1, "missing": 0, "extra": 4}


def put_verification(store: Checkpoint, number: int, scope: str, key: str = KEY, at: float = NOW) -> None:
    """Store a verification's row, its number being the users that it read back."""
    values = {"migration": key, "number": number, "at": at, "scope": scope, "read": number, "classes": '{"same": 1}'}
    store.write(lambda c: c.execute(insert(verification).values(values)))


def table(store: Checkpoint, key: str = KEY) -> list[tuple[Any, ...]]:
    """The rows of a migration without its key, by number."""
    query = select(*list(verification.c)[1:]).where(verification.c.migration == key).order_by(verification.c.number)
    return [tuple(row) for row in store.read(lambda c: c.execute(query).all())]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands where the clock shows another hour."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-09:30")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def reader(store: Checkpoint, home: Path) -> Iterator[Checkpoint]:
    """The same checkpoint opened without the lease, which `store` holds."""
    assert store.fence
    opened = Checkpoint(URL.create("sqlite", database=str(home / "migrator.db")), KEY, StillClock(), upgrade=False)
    yield opened
    opened.db.close()


def end_the_run(store: Checkpoint) -> None:
    store.write(lambda c: c.execute(update(migration).where(migration.c.key == KEY).values(holder=None)))


# --- as a document -------------------------------------------------------------------------------


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (NOW, "2027-01-15T08:00:00Z"),
        (NOW + 6 * 3600 + 5 * 60 + 9.999, "2027-01-15T14:05:09Z"),
    ],
)
def test_a_document_tells_the_second_in_utc_wherever_the_machine_stands(at: float, text: str) -> None:
    document = Verification(at, SCOPE_SAMPLE, 3, MappingProxyType(CLASSES)).document()

    assert document == {"classes": CLASSES, "read": 3, "at": text, "scope": "sample"}
    assert json.loads(json.dumps(document)) == document


def test_a_document_before_the_first_says_that_nobody_was_read_back(store: Checkpoint) -> None:
    """Another migration's verification is not ours to tell."""
    put_verification(store, 1, SCOPE_ALL, OTHER)

    assert newest_verification(store) is None
    assert earlier_full_verification(store) is None
    assert verification_document(store) == NEVER_VERIFIED
    assert {"classes": dict.fromkeys(CLASSES, 0), "read": 0, "at": None, "scope": SCOPE_NONE} == NEVER_VERIFIED


# --- storing -------------------------------------------------------------------------------------


def test_a_verification_is_stored_with_the_time_it_ends_and_told_from_then_on(store: Checkpoint) -> None:
    assert store_verification(store, SCOPE_SENT, 3, MappingProxyType(CLASSES)) is True

    assert table(store) == [(1, NOW, "sent", 3, '{"same": 2, "differs": 1, "missing": 0, "extra": 4}')]
    assert newest_verification(store) == Verification(NOW, SCOPE_SENT, 3, CLASSES)
    assert verification_document(store) == {
        "classes": CLASSES,
        "read": 3,
        "at": "2027-01-15T08:00:00Z",
        "scope": "sent",
    }


def test_verifications_are_numbered_each_migration_for_itself(store: Checkpoint) -> None:
    put_verification(store, 1, SCOPE_ALL, OTHER)
    put_verification(store, 7, SCOPE_ALL, OTHER)
    others = table(store, OTHER)

    for read in (10, 20, 30):
        store_verification(store, SCOPE_ALL, read, {})

    assert [(number, read) for number, _, _, read, _ in table(store)] == [(1, 10), (2, 20), (3, 30)]
    assert table(store, OTHER) == others


def test_the_next_number_follows_the_highest(store: Checkpoint) -> None:
    put_verification(store, 10, SCOPE_ALL)
    put_verification(store, 2, SCOPE_ALL)

    store_verification(store, SCOPE_SAMPLE, 0, {})

    assert [number for number, *_ in table(store)] == [2, 10, 11]


def test_a_living_run_keeps_a_verification_of_somebody_else_from_being_stored(
    store: Checkpoint, reader: Checkpoint
) -> None:
    assert store_verification(reader, SCOPE_ALL, 3, CLASSES) is False

    assert table(store) == []


def test_without_a_living_run_no_lease_is_needed(store: Checkpoint, reader: Checkpoint) -> None:
    end_the_run(store)

    assert store_verification(reader, SCOPE_ALL, 3, CLASSES) is True
    assert store_verification(reader, SCOPE_ALL, 4, CLASSES) is True

    assert [(number, read) for number, _, _, read, _ in table(store)] == [(1, 3), (2, 4)]


def test_whoever_has_the_lease_writes_in_its_name(store: Checkpoint) -> None:
    """A run that lost its lease to another stores nothing more, though nobody holds it at the moment."""
    store.write(lambda c: c.execute(update(migration).where(migration.c.key == KEY).values(fence=9, holder=None)))

    with pytest.raises(Exception, match="lease"):
        store_verification(store, SCOPE_ALL, 3, CLASSES)

    assert table(store) == []


# --- the newest ----------------------------------------------------------------------------------


def test_the_newest_is_the_one_with_the_highest_number_of_its_scope(store: Checkpoint) -> None:
    """Not the one with the latest time, for a clock may have been wrong."""
    put_verification(store, 10, SCOPE_SENT, at=1.0)
    put_verification(store, 9, SCOPE_ALL, at=NOW)
    put_verification(store, 2, SCOPE_ALL, at=NOW + 1)
    for number, scope in ((11, SCOPE_SAMPLE), (12, SCOPE_ALL)):
        put_verification(store, number, scope, OTHER)

    assert newest_verification(store) == Verification(1.0, SCOPE_SENT, 10, {"same": 1})
    assert newest_verification(store, SCOPE_SENT) == Verification(1.0, SCOPE_SENT, 10, {"same": 1})
    assert newest_verification(store, SCOPE_ALL) == Verification(NOW, SCOPE_ALL, 9, {"same": 1})
    assert newest_verification(store, SCOPE_SAMPLE) is None


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        ((SCOPE_ALL,), None),
        ((SCOPE_SENT,), None),
        ((SCOPE_SENT, SCOPE_SAMPLE), None),
        ((SCOPE_SENT, SCOPE_ALL), None),
        ((SCOPE_ALL, SCOPE_SENT, SCOPE_ALL), None),
        ((SCOPE_ALL, SCOPE_SENT), 1),
        ((SCOPE_ALL, SCOPE_SAMPLE), 1),
        ((SCOPE_ALL, SCOPE_SENT, SCOPE_ALL, SCOPE_SAMPLE, SCOPE_SENT), 3),
    ],
    ids=str,
)
def test_the_last_one_of_everybody_is_told_besides_where_a_narrower_one_came_after_it(
    store: Checkpoint, scopes: tuple[str, ...], told: int | None
) -> None:
    for number, scope in enumerate(scopes, start=1):
        put_verification(store, number, scope)
    put_verification(store, 99, SCOPE_SENT, OTHER)

    document = {"classes": {"same": 1}, "read": told, "at": "2027-01-15T08:00:00Z", "scope": "all"}
    assert earlier_full_verification(store) == (None if told is None else document)
    assert verification_document(store)["read"] == len(scopes)


def test_looking_changes_nothing(store: Checkpoint) -> None:
    put_verification(store, 1, SCOPE_ALL)
    never, before = deepcopy(NEVER_VERIFIED), table(store)

    for _ in range(2):
        verification_document(store)
        earlier_full_verification(store)

    assert never == NEVER_VERIFIED
    assert table(store) == before
