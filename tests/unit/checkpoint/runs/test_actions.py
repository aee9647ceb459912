"""What a run has sent so far: begun at nothing, counted for the run at work alone, and read back by number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select
from two_migrations import KEY, OTHER

from migrator.checkpoint.db.tables import run
from migrator.checkpoint.runs.actions import (
    ACTION_KINDS,
    ADOPT,
    CREATE,
    DISABLE,
    NO_ACTIONS,
    UPDATE,
    actions_of_run,
    begin_actions,
    count_actions,
    renew_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from migrator.checkpoint.db.checkpoint import Checkpoint

BEGUN = '{"actions": {"create": 0, "update": 0, "adopt": 0, "disable": 0, "nothing": 7}}'


def put_run(store: Checkpoint, number: int, summary: str | None = None, key: str = KEY) -> None:
    """Store a run's row."""
    values = {"migration": key, "number": number, "command": "run", "started_at": 1.5, "summary": summary}
    store.write(lambda c: c.execute(insert(run).values(details="{}", **values)))
    if key == KEY:
        store.run_number = number  # it is the one at work


def table(store: Checkpoint) -> dict[tuple[str, int], dict[str, Any]]:
    """Migration and number to the whole row, of all runs there are."""
    found = store.read(lambda c: c.execute(select(run)).mappings().all())
    return {(row["migration"], row["number"]): dict(row) for row in found}


def count(store: Checkpoint, sent: Mapping[str, int]) -> None:
    store.write(lambda c: count_actions(c, store, sent))


def actions(**numbers: int) -> dict[str, int]:
    return dict.fromkeys(("create", "update", "adopt", "disable", "nothing"), 0) | numbers


def test_the_kinds_are_those_that_documents_name() -> None:
    assert ACTION_KINDS == (CREATE, UPDATE, ADOPT, DISABLE) == ("create", "update", "adopt", "disable")
    assert actions() == NO_ACTIONS


# --- beginning -----------------------------------------------------------------------------------


def test_a_run_begins_with_nothing_sent_and_those_who_need_nothing(store: Checkpoint) -> None:
    """Neither another run nor another migration's run of the same number is touched."""
    for number in (1, 2, 3):
        put_run(store, number, f'{{"old": {number}}}')
        put_run(store, number, f'{{"old": {number}}}', OTHER)
    before = table(store)

    begin_actions(store, 2, 7)

    assert table(store) == before | {(KEY, 2): before[KEY, 2] | {"summary": BEGUN}}


def test_a_run_that_does_not_exist_is_not_made(store: Checkpoint) -> None:
    put_run(store, 1, key=OTHER)
    before = table(store)

    begin_actions(store, 1, 7)

    assert table(store) == before


def test_beginning_again_forgets_what_was_counted_and_nothing_leaks_into_the_next_run(store: Checkpoint) -> None:
    put_run(store, 1)
    begin_actions(store, 1, 7)
    count(store, {CREATE: 3})

    begin_actions(store, 1, 0)

    assert actions_of_run(store, 1) == actions() == NO_ACTIONS


# --- counting ------------------------------------------------------------------------------------


def test_what_is_sent_adds_up_by_kind(store: Checkpoint) -> None:
    """A kind that was not sent stays, and so does the number of those who need nothing."""
    put_run(store, 1)
    begin_actions(store, 1, 7)

    count(store, {CREATE: 2, DISABLE: 1})
    count(store, {CREATE: 3, UPDATE: 4, ADOPT: 0})
    count(store, {ADOPT: 5})

    assert actions_of_run(store, 1) == actions(create=5, update=4, adopt=5, disable=1, nothing=7)


def test_everything_else_in_the_summary_stays_and_the_text_is_plain_json(store: Checkpoint) -> None:
    put_run(store, 1, json.dumps({"counts": {"found": 9}, "actions": actions(update=1), "stage": "send"}))
    before = table(store)

    count(store, {UPDATE: 1, CREATE: 1})

    text = (
        '{"counts": {"found": 9}, "actions": {"create": 1, "update": 2, "adopt": 0, "disable": 0, "nothing": 0},'
        ' "stage": "send"}'
    )
    assert table(store) == {(KEY, 1): before[KEY, 1] | {"summary": text}}


def test_a_kind_that_the_summary_does_not_name_is_not_added(store: Checkpoint) -> None:
    put_run(store, 1, '{"actions": {"create": 1}}')

    count(store, {CREATE: 1, "other": 1})

    assert table(store)[KEY, 1]["summary"] == '{"actions": {"create": 2}}'


def test_only_the_run_at_work_counts(store: Checkpoint) -> None:
    """Beside others of this migration, earlier and later ones, and those of another."""
    for number in (11, 2, 10):
        put_run(store, number, BEGUN)
    for number in (10, 11):
        put_run(store, number, BEGUN, OTHER)
    before = table(store)

    count(store, {CREATE: 1})

    summary = BEGUN.replace('"create": 0', '"create": 1')
    assert table(store) == before | {(KEY, 10): before[KEY, 10] | {"summary": summary}}


@pytest.mark.parametrize("summary", [None, "", "{}", '{"counts": {}}'])
def test_a_run_that_has_not_begun_to_send_counts_nothing(store: Checkpoint, summary: str | None) -> None:
    """What an earlier run sent is settled before; that run's own number does not grow either."""
    put_run(store, 1, BEGUN)
    put_run(store, 2, summary)
    before = table(store)

    count(store, {CREATE: 1})

    assert table(store) == before


def test_without_a_run_of_this_migration_nothing_is_counted(store: Checkpoint) -> None:
    put_run(store, 1, BEGUN, OTHER)
    before = table(store)

    count(store, {CREATE: 1})

    assert table(store) == before


@pytest.mark.parametrize("sent", [{}, {CREATE: 0, DISABLE: 0}], ids=["nothing", "zeros"])
def test_nothing_sent_does_not_even_look(store: Checkpoint, sent: dict[str, int]) -> None:
    """A summary that nobody could read is not read then."""
    put_run(store, 1, "no JSON")

    count(store, sent)

    assert table(store)[KEY, 1]["summary"] == "no JSON"


def test_what_the_callers_transaction_does_not_store_is_not_counted(store: Checkpoint) -> None:
    put_run(store, 1, BEGUN)
    before = table(store)

    def fails(connection: Connection) -> None:
        count_actions(connection, store, {CREATE: 1})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(fails)

    assert table(store) == before


# --- reading -------------------------------------------------------------------------------------


def test_a_run_is_read_by_its_own_number_and_migration(store: Checkpoint) -> None:
    put_run(store, 1, '{"actions": {"create": 1}}')
    put_run(store, 2, '{"actions": {"create": 2}}')
    put_run(store, 2, '{"actions": {"create": 3}}', OTHER)
    put_run(store, 3, '{"actions": {"create": 4}}', OTHER)

    assert [actions_of_run(store, number) for number in (1, 2, 3)] == [{"create": 1}, {"create": 2}, None]


@pytest.mark.parametrize("summary", [None, "", "{}", '{"counts": {}}'])
def test_a_run_that_never_came_to_sending_has_sent_nothing_that_is_known(
    store: Checkpoint, summary: str | None
) -> None:
    """None differs from zeros: a run that began and sent nobody says zero."""
    put_run(store, 1, summary)

    assert actions_of_run(store, 1) is None
    begin_actions(store, 1, 0)
    assert actions_of_run(store, 1) == actions()


def test_a_further_plan_counts_anew_for_whom_nothing_is_to_do(store: Checkpoint) -> None:
    """The plan counts whom the run has sent as well; what was sent stays counted, and no number is negative."""
    put_run(store, 1)
    begin_actions(store, 1, 7)
    count(store, {CREATE: 5, UPDATE: 2, DISABLE: 1})

    renew_nothing(store, 1, 13)
    assert actions_of_run(store, 1) == actions(create=5, update=2, disable=1, nothing=6)

    renew_nothing(store, 1, 3)
    assert actions_of_run(store, 1) == actions(create=5, update=2, disable=1)
