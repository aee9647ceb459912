"""Sending, night after night: users the server chokes on, answers that are late, windows that are closed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import oracle
import pytest
from runs import CREATE, LIST, PATCH, TOKEN, Run, calls, emails, go, small
from virtual_clock import VirtualClock

from migrator.docebo.client import DoceboClient
from migrator.sandbox import people

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Place

DOWN = {"kind": "status", "path": CREATE, "every": 1, "params": {"code": 500}}


def newcomers(place: Place, number: int) -> list[str]:
    """Put new people into Docebo; their ids."""
    first = 500
    return [place.sandbox.control.put_docebo_user(people.person(first + n, 77).record) for n in range(number)]


def creates(place: Place, since: int = 0) -> list[list[str]]:
    """The users of each request to create some."""
    return [
        [user["loginId"] for user in entry["body"]["users"]] for entry in calls(place, CREATE) if entry["n"] > since
    ]


def settled(place: Place, users: int = 20) -> None:
    """A migration that is complete."""
    small(place, users)
    assert go(place).code == 0


# --- users that Descope chokes on ------------------------------------------------------------------


@pytest.mark.parametrize("new", [1, 3, 9])
def test_b7_a_user_that_never_gets_an_answer_is_given_up_in_the_same_run(place: Place, new: int) -> None:
    """Few new users, their creates answered by 500 for ever: exit 3 each night, the others' profiles erased."""
    settled(place)
    newcomers(place, new)
    start = oracle.before(place)
    place.sandbox.control.set_faults(DOWN)

    for _night in range(3):
        run = go(place)
        assert (run.code, run.reasons) == (3, {"gave_up": new}), run.error
        oracle.check(place, start)

    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 20 + new, "created": 20 + new}
    oracle.check(place, start)


def test_b7_whoever_is_given_up_counts_for_the_error_budget(place: Place) -> None:
    """`--max-errors` stops the run when Descope never confirmed that many users, as when it refused them."""
    settled(place)
    newcomers(place, 3)
    place.sandbox.control.set_faults(DOWN)

    run = go(place, max_errors=1)

    assert (run.code, run.reasons) == (4, {"gave_up": 3})
    assert "3 of 3 users sent in this run failed; the limit is 1." in str(run.error)


def test_b7_a_second_night_costs_one_request(place: Place) -> None:
    """Who was given up is tried once more, not four times."""
    settled(place)
    newcomers(place, 1)
    place.sandbox.control.set_faults(DOWN)
    go(place)
    before = len(calls(place, CREATE))

    go(place)

    assert len(calls(place, CREATE)) == before + 1


def test_b7_a_change_that_never_gets_an_answer_is_given_up_too(place: Place) -> None:
    """The same for a user whose patch is answered by 500 for ever."""
    settled(place)
    place.sandbox.control.patch_docebo_user(str(place.sources()[3]["user_id"]), fullname="Neuer Name")
    start = oracle.before(place)
    place.sandbox.control.set_faults(DOWN | {"path": PATCH})

    for _night in range(2):
        run = go(place)
        assert (run.code, run.counts, run.reasons) == (
            3, {"found": 20, "created": 19, "failed": 1}, {"gave_up": 1},
        ), run.error  # fmt: skip

    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 20, "created": 19, "updated": 1}
    oracle.check(place, start)


def test_b7_an_outage_of_writes_fails_nobody_however_long(place: Place) -> None:
    """Many users and no write answered: exit 4 night after night, nobody failed, all created when it is over."""
    start = small(place, 60)
    place.sandbox.control.set_faults(DOWN)

    for _night in range(3):
        run = go(place)
        assert (run.code, run.counts) == (4, {"found": 60, "pending": 60})
        assert "is not answering any write" in str(run.error)

    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 60, "created": 60}
    oracle.check(place, start)


def test_b7_many_given_up_do_not_stop_the_changes_behind_them(place: Place) -> None:
    """More users given up than make an outage: they are tried last, and neither exit code nor changes suffer."""
    settled(place)
    new = newcomers(place, 12)
    start = oracle.before(place)
    stuck = {"state": "failed", "reason": "gave_up"}
    place.sandbox.control.set_faults(DOWN)
    assert go(place).code == 4
    nights: list[Run] = []
    while not nights or nights[-1].code == 4:
        assert len(nights) < 12
        nights.append(go(place))
    for user in place.sources()[:12]:
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), fullname="Neuer Name")

    for updated in (12, 12):
        run = go(place)
        assert (run.code, run.reasons) == (3, {"gave_up": len(new)}), run.error
        assert run.counts["updated"] == updated

    rows = oracle.check(place, start).rows
    assert all(rows[user_id].items() >= stuck.items() for user_id in new)


def test_b7_a_failure_that_names_the_e_mail_alone_is_an_answer(place: Place) -> None:
    """With user names as login ids, `failedUsers` that tell the e-mail only: exit 3, `refused`, each night."""
    place.configure(mapping={"login_id": "username"})
    settled(place)
    (new,) = newcomers(place, 1)
    name = next(str(user["username"]) for user in place.sources() if str(user["user_id"]) == new)
    place.sandbox.control.set_switches(
        descope={"failed_user": "email", "poison_mode": "per_user", "refuse_logins": [name, name.lower()]}
    )

    for _night in range(2):
        run = go(place)
        assert (run.code, run.reasons) == (3, {"refused": 1}), run.error
    assert len(creates(place)) == 5
    rows = oracle.read_rows(place.checkpoint, place)
    assert {user_id for user_id, row in rows.items() if row["profile"]} == {new}


# --- reading back, credentials, echoes -------------------------------------------------------------


def test_n15_the_look_up_by_login_id_is_the_authority_however_long_search_lags(place: Place) -> None:
    """Creates without an answer, on a project whose search shows nobody for an hour: nobody is sent again."""
    start = small(place, 12)
    place.sandbox.control.set_switches(descope={"search_lag": 3600})
    place.sandbox.control.set_faults({"kind": "reset", "path": CREATE, "every": 1, "when": "after"})

    run = go(place)

    assert (run.code, run.counts) == (0, {"found": 12, "created": 12}), run.error
    assert len(creates(place)) == 3
    oracle.check(place, start)


def test_n6_of_many_threads_that_meet_a_401_one_renews_the_token(place: Place) -> None:
    """Threads told at once that their token has ended all go on with the one new token that the first of them got."""
    place.sandbox.control.reset(users=3, difficult=0)
    client = DoceboClient(place.config.docebo, VirtualClock())
    client.check_session()
    auth = client._api._auth
    assert auth is not None
    used = auth.header()
    together = threading.Barrier(6)
    answers: list[tuple[bool, str]] = []

    def refused() -> None:
        together.wait(10)
        answers.append((auth.refused(used), auth.header()))

    threads = [threading.Thread(target=refused) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    client.check_session()
    client.close()

    assert [entry["body"]["grant_type"] for entry in calls(place, TOKEN)] == ["password", "refresh_token"]
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert answers[0][0]
    assert answers[0][1] != used


@pytest.mark.parametrize("concurrency", [1, 4])
def test_nothing_of_an_echoed_user_is_told_to_anybody(place: Place, concurrency: int) -> None:
    """Of a failed user that the answer echoes, password included, only the code reaches log, report and checkpoint."""
    start = small(place, 5)
    place.configure(run={"concurrency": concurrency})
    echoed = {"password": "planted-password", "name": "Planted Name", "email": "planted@example.net",
              "customAttributes": {"doceboUserId": "planted-id"}}  # fmt: skip
    failed = [
        {"failure": f"E062001 planted text about {login}", "user": {"loginIds": [login], **echoed}}
        for login in emails(place)
    ]
    answer = {"createdUsers": [], "failedUsers": failed, "additionalErrors": {"planted": "planted key"}}
    place.sandbox.control.set_faults(
        {"kind": "status", "path": CREATE, "every": 1, "params": {"code": 200, "content": answer}}
    )

    run = place.forked("run", "--yes", "--json", "-v", "--log-file", "run.log")

    assert (run.code, run.document["reasons"]) == (3, {"refused": 5})
    told = {path.name: path.read_bytes() for path in place.folder.rglob("*") if path.is_file()}
    told |= {"out": run.out.encode(), "err": run.err.encode()}
    assert [name for name, content in told.items() if b"planted" in content.lower()] == []
    assert b"E062001" in told["problems.csv"]
    oracle.check(place, start)


# --- a window that is closed -----------------------------------------------------------------------


class Until(VirtualClock):
    """Does something once, as soon as so many seconds have been waited."""

    def __init__(self, seconds: float, what: Callable[[], object]) -> None:
        super().__init__()
        self._seconds = seconds
        self._what = what
        self._done = False

    def wait(self, seconds: float) -> None:
        """Let the time pass at once."""
        super().wait(seconds)
        if not self._done and sum(self.waits) >= self._seconds:
            self._done = True
            self._what()


@pytest.mark.parametrize("path", [LIST, TOKEN])
def test_d_an_hour_without_calls_at_docebo_is_waited_out(place: Place, path: str) -> None:
    """The hour's calls are used up and no answer says until when: the run waits the window out and goes on."""
    start = small(place)
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "every": 1, "params": {"code": 429}})
    clock = Until(3600, place.sandbox.control.clear_faults)

    assert go(place, clock).code == 0

    oracle.check(place, start)
    assert 3600 <= sum(clock.waits) <= 3600 + 400
