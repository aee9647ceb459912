"""How often the list is read, what is believed of it, and when nobody may be called gone (docs/decisions/0004)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from in_memory import Docebo, page, record, run_context, told
from structlog.testing import capture_logs
from two_migrations import put, rows, states

from migrator.core.errors import ConfigError, StopRun
from migrator.core.model import State
from migrator.flow.read import sweep
from migrator.flow.read.sweep import Sweeps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.docebo.client import Page
    from migrator.flow.context import RunContext

UNFINISHED = "Nobody was marked as gone."


def whole(numbers: range | list[int], **counts: Any) -> Page:
    """Everybody on one page, correctly counted."""
    return page(numbers, **({"total": len(numbers)} | counts))


@pytest.fixture
def read(store: Checkpoint, tmp_path: Path) -> Callable[..., tuple[Docebo, RunContext]]:
    """Read these pages, one a sweep unless they say otherwise."""

    def go(*pages: Page, sweeps: str = "settle", ends_with: Exception | None = None, **options: Any) -> Any:
        docebo = Docebo(*pages)
        docebo.ends_with = ends_with
        work = run_context(store, tmp_path, docebo, settings={"docebo": {"sweeps": sweeps}}, **options)
        try:
            Sweeps(work).read()
        except StopRun as error:
            return docebo, error
        return docebo, work

    return go


def test_the_number_of_the_first_sweep_is_told(store: Checkpoint, tmp_path: Path) -> None:
    """Sweeps are numbered over the migration's life; who was seen since that number was seen by this reading."""
    for first in (1, 3):
        work = run_context(store, tmp_path, Docebo(whole(range(1, 4 + first))))
        sweeps = Sweeps(work)
        sweeps.read()
        assert sweeps.first == first


def gone(store: Checkpoint) -> set[str]:
    return {user_id for user_id, (state, _) in states(store).items() if state == State.VANISHED}


def known(store: Checkpoint, numbers: range) -> None:
    for number in numbers:
        put(store, str(number), seen_sweep=0, state=State.CREATED, target_id=f"U{number}")


def test_a_first_reading_is_confirmed_by_a_second_and_told(store: Checkpoint, read: Any) -> None:
    with capture_logs() as logs:
        docebo, work = read(whole(range(1, 4)))

    assert docebo.asked == [(1, ""), (1, "")]
    assert docebo.sessions == 1
    assert told(work) == [("stage", "read"), ("read", 3, 3), ("read", 3, 3)]
    facts = {"event": "sweep", "seen": 3, "total": 3, "pages": 1, "log_level": "info", "component": sweep.__name__}
    assert logs == [facts | {"number": 1, "new": 3}, facts | {"number": 2, "new": 0}]
    assert {user_id: json.loads(row["raw"]) for user_id, row in rows(store).items()} == {
        str(number): record(number) for number in (1, 2, 3)
    }


def test_pages_are_turned_in_order_and_their_newcomers_added_up(read: Any) -> None:
    pages = [page([1, 2], more=True, total=5), page([3, 4], more=True, total=5), page([5], total=5)]

    with capture_logs() as logs:
        docebo, work = read(*pages, *pages, page([], total=5))

    assert [number for number, _ in docebo.asked] == [1, 2, 3, 1, 2, 3]
    assert [entry["new"] for entry in logs] == [5, 0]
    assert told(work)[1:4] == [("read", 2, 5), ("read", 4, 5), ("read", 5, 5)]


def test_one_sweep_is_enough_where_the_configuration_says_so(read: Any) -> None:
    assert len(read(whole(range(1, 4)), sweeps="single")[0].asked) == 1


def test_a_list_that_shows_exactly_the_users_known_needs_no_second_reading(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 4))

    assert len(read(whole(range(1, 4)))[0].asked) == 1
    assert not gone(store)


@pytest.mark.parametrize("counts", [{"total": None}, {"total": 2}], ids=["uncounted", "counted too few"])
def test_a_list_whose_count_is_not_what_it_shows_is_read_again(
    store: Checkpoint, read: Any, counts: dict[str, Any]
) -> None:
    known(store, range(1, 4))

    assert len(read(page(range(1, 4), **counts))[0].asked) == 2


def test_who_is_absent_from_two_whole_sweeps_is_gone(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    assert len(read(whole(range(3, 21)))[0].asked) == 2
    assert gone(store) == {"1", "2"}


def test_who_is_absent_from_one_sweep_alone_is_not_gone(store: Checkpoint, read: Any) -> None:
    """User 1 is missed by the first sweep, user 2 by the second: a third one and a fourth decide."""
    known(store, range(1, 21))
    pages = [whole([1, *range(3, 21)]), whole(range(2, 21)), whole(range(1, 21))]

    docebo, _ = read(*pages)

    assert len(docebo.asked) == 3
    assert not gone(store)


def test_the_last_two_sweeps_decide_who_is_gone_not_the_first(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    docebo, _ = read(whole([*range(1, 21), 99]), whole([*range(2, 21), 99]))

    assert len(docebo.asked) == 3
    assert gone(store) == {"1"}


def test_one_sweep_alone_calls_somebody_gone_only_when_its_count_is_exact(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    read(page(range(2, 21)), sweeps="single")
    assert not gone(store)
    read(whole(range(2, 21)), sweeps="single")
    assert gone(store) == {"1"}


@pytest.mark.parametrize("short_first", [True, False])
def test_nobody_is_gone_after_a_sweep_that_showed_fewer_than_counted(
    store: Checkpoint, read: Any, monkeypatch: pytest.MonkeyPatch, short_first: bool
) -> None:
    """Neither of the last two sweeps may have missed somebody it counted."""
    monkeypatch.setattr(sweep, "MOST_SWEEPS", 2)
    known(store, range(1, 21))
    short, right = [page([*range(2, 21), 50], total=21)] * 4, [whole([*range(2, 21), 51])]

    docebo, _ = read(*(short + right if short_first else right + short))

    assert len(docebo.asked) == 5
    assert not gone(store)


def test_a_platform_that_never_settles_is_read_ten_times_and_no_more(read: Any) -> None:
    assert sweep.MOST_SWEEPS == 10
    pages = [whole(range(1, 21 + number)) for number in range(12)]

    with capture_logs() as logs:
        docebo, _ = read(*pages)

    assert len(docebo.asked) == 10
    facts = {"sweeps": 10, "new": 1, "log_level": "info", "component": sweep.__name__}
    assert logs[-1] == {"event": "sweeps_not_settled"} | facts


# --- a list that is shorter than its count -------------------------------------------------------


def shorter(**counts: Any) -> Page:
    return page(range(1, 19), **counts)


def test_a_list_that_stays_short_stops_the_run_after_three_sweeps_that_add_nobody(store: Checkpoint, read: Any) -> None:
    """Each sweep turns three pages more, which show nobody."""
    known(store, range(1, 21))

    docebo, error = read(shorter(total=20))

    assert len(docebo.asked) == 3 * 4
    assert docebo.sessions == 1
    assert error.message == "Failed Getting Users: Docebo counts 20 users, but its pages show only 18 users."
    assert error.fix == (
        "Run again later. If you know why the others are hidden, run with --accept-short-list: it goes by the pages."
    )
    assert not gone(store)


def test_a_list_with_fewer_pages_than_counted_is_short_as_well(read: Any) -> None:
    docebo, error = read(shorter(pages=9))

    assert error.message == "Failed Getting Users: Docebo counts 9 pages of users, but its pages show only 18 users."
    assert len(docebo.asked) == 4 * 4  # the first one added everybody, three in a row nobody


def test_a_short_list_that_gains_somebody_is_given_more_sweeps(store: Checkpoint, read: Any) -> None:
    """Three in a row that add nobody: one that adds somebody begins the count anew."""
    known(store, range(1, 21))

    def sweep_of(*numbers: int) -> list[Page]:
        return [page(numbers, total=99), *[page([], total=99)] * 3]

    some = sweep_of(*range(1, 21))
    docebo, error = read(*some, *some, *sweep_of(*range(1, 22)), *some, *some, *some, page([], total=99))

    assert isinstance(error, StopRun)
    assert len(docebo.asked) == 6 * 4


def test_a_short_list_of_a_search_does_not_ask_for_rights(read: Any) -> None:
    docebo, error = read(shorter(total=20), search_text="rossi")

    assert isinstance(error, StopRun)
    assert docebo.sessions == 0
    assert {text for _, text in docebo.asked} == {"rossi"}


def test_users_of_all_sweeps_together_may_make_up_the_count(store: Checkpoint, read: Any) -> None:
    """Each sweep missed somebody, and together they show as many as counted: no reason to stop, none to call gone."""
    known(store, range(1, 21))
    first, second = page(range(1, 20), total=20), page(range(2, 21), total=20)
    empty = [page([], total=20)] * 3
    full = whole(range(1, 21))

    _, work = read(first, *empty, second, *empty, first, *empty, second, *empty, full, full)

    assert not isinstance(work, StopRun)
    assert not gone(store)


def test_a_short_list_that_is_accepted_is_the_list(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    docebo, work = read(page(range(1, 20), total=50), accept_short_list=True)

    assert not isinstance(work, StopRun)
    assert len(docebo.asked) == 2 * 4
    assert gone(store) == {"20"}


# --- a list that shrinks -------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "stops"), [(18, False), (17, True)], ids=["a tenth", "more than a tenth"])
def test_more_than_a_tenth_of_the_known_users_is_never_gone_unasked(
    store: Checkpoint, read: Any, left: int, stops: bool
) -> None:
    known(store, range(1, 21))

    _, end = read(whole(range(1, left + 1)))

    assert isinstance(end, StopRun) == stops
    assert len(gone(store)) == (0 if stops else 2)
    if stops:
        assert end.message == "Docebo no longer shows 3 of 20 known users: more than a tenth is gone."
        assert "--accept-shrink" in end.fix
        assert end.fix.endswith(UNFINISHED)


def test_a_shrunken_list_is_the_list_when_a_person_says_so(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    read(whole(range(1, 6)), accept_shrink=True)

    assert len(gone(store)) == 15


def test_a_list_that_shrinks_is_refused_even_where_nobody_may_be_called_gone(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    _, error = read(page(range(1, 10)), sweeps="single")

    assert "no longer shows 11 of 20" in error.message


@pytest.mark.parametrize(("left", "stops"), [(27, False), (26, True)], ids=["a tenth", "more than a tenth"])
def test_more_than_a_tenth_less_than_the_largest_sweep_is_a_collapse(read: Any, left: int, stops: bool) -> None:
    """Of a first migration nobody is known, so that only its own sweeps can tell; the largest of them counts."""
    docebo, end = read(*(whole(range(1, number + 1)) for number in (30, 28, left)))

    assert isinstance(end, StopRun) == stops
    if stops:
        assert end.message == "Docebo shows 26 users now and showed 30 before: more than a tenth is gone."
        assert "--accept-shrink" in end.fix
        assert end.fix.endswith(UNFINISHED)
        assert (len(docebo.asked), docebo.sessions) == (3, 1)


@pytest.mark.parametrize("accepted", ["accept_shrink", "search_text", "short"])
def test_what_is_no_collapse(read: Any, accepted: str) -> None:
    """A person said so, a search shows what it shows, and a sweep shorter than its count says nothing."""
    options: dict[str, Any] = {"accept_shrink": {"accept_shrink": True}, "search_text": {"search_text": "x"}}
    some = range(1, 11)
    then = page(some, total=20) if accepted == "short" else whole(some)
    pages = [whole(range(1, 21)), then, *([page([], total=20)] * 3 if accepted == "short" else [])]

    _, end = read(*pages, *([whole(range(1, 21))] if accepted == "short" else []), **options.get(accepted, {}))

    assert not isinstance(end, StopRun)


def test_a_search_says_nothing_about_who_is_not_shown(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    docebo, work = read(whole([3]), search_text="rossi")

    assert not isinstance(work, StopRun)
    assert (docebo.sessions, len(docebo.asked)) == (0, 1)
    assert not gone(store)


def test_rights_that_ended_meanwhile_call_nobody_gone(store: Checkpoint, read: Any) -> None:
    known(store, range(1, 21))

    _, error = read(whole(range(2, 21)), ends_with=ConfigError("The Docebo user is user."))

    assert error.message == "The Docebo user lost its rights while the users were being read. The Docebo user is user."
    assert error.fix == (
        "Make the user of docebo.username (or of the OAuth app) a superadmin again, then run again:"
        " nobody was marked as gone."
    )
    assert not gone(store)


def test_a_run_that_is_told_to_stop_asks_for_no_further_page(store: Checkpoint, tmp_path: Path) -> None:
    work = run_context(store, tmp_path, Docebo(whole([1])))

    def stop() -> None:
        raise StopRun("stop")

    work.clock.guard(stop)

    with pytest.raises(StopRun, match="stop"):
        Sweeps(work).read()
    assert not states(store)


def test_a_user_whom_the_policy_leaves_out_is_skipped_at_once(store: Checkpoint, tmp_path: Path) -> None:
    work = run_context(store, tmp_path, Docebo(whole([1, 2])), settings={"policy": {"include": ["suspended"]}})

    Sweeps(work).read()

    assert states(store) == dict.fromkeys(("1", "2"), (State.SKIPPED, "not_included"))
