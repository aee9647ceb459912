"""The judge itself: behind a run that went well, each broken promise must make it object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
import requests
from sqlalchemy import create_engine, text
from world import Ended

from migrator.sandbox.process import CLIENT_SECRET, MANAGEMENT_KEY, PROJECT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Place


class Told:
    """A migration of eight people beside two strangers that went well, and means to spoil it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        place.sandbox.control.reset(users=8, strangers=2, difficult=0)
        self.start = oracle.before(place)
        place.migrate()
        self.rows = oracle.check(place, self.start).rows
        self.arrived = [row for row in self.rows.values() if row["state"] == "created"]
        self.strangers = list(self.start.strangers.values())

    def checkpoint(self, words: str, **values: Any) -> None:
        """Change the checkpoint past the program."""
        engine = create_engine(self.place.config.checkpoint.sqlalchemy_url)
        with engine.begin() as connection:
            connection.execute(text(words), values)
        engine.dispose()

    def call(self, method: str, path: str, **body: Any) -> Any:
        """One management call; its answer, whatever it is."""
        headers = {"Authorization": f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"}
        url = f"{self.place.sandbox.descope_url}/v1/mgmt/user{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=20).json()

    def target(self, number: int = 0) -> dict[str, Any]:
        """Somebody who arrived, as Descope has them."""
        wanted = self.arrived[number]["target_id"]
        return next(user for user in self.place.targets() if user["userId"] == wanted)

    def email(self) -> str:
        """The address of somebody who arrived."""
        return str(self.target()["email"])


def one_row_less(told: Told) -> None:
    told.checkpoint("DELETE FROM source_user WHERE user_id = :one", one=told.arrived[0]["user_id"])


def one_target_less(told: Told) -> None:
    told.place.sandbox.control.delete_descope_user(told.arrived[0]["target_id"])


def another_name(told: Told) -> None:
    told.call("PATCH", "/patch", loginId=told.email(), name="Somebody Else")


def an_edit_that_never_arrived(told: Told) -> None:
    told.place.sandbox.control.patch_docebo_user(told.arrived[0]["user_id"], fullname="Neue Frau")


def a_second_target(told: Told) -> None:
    marks = told.target()["customAttributes"]
    told.call("POST", "/create", loginId="twice@example.org", customAttributes=marks)


def a_second_create(told: Told) -> None:
    email, marks = told.email(), told.target()["customAttributes"]
    told.place.sandbox.control.set_switches(descope={"existing_login": "overwrite"})
    told.call("POST", "/create", loginId=email, customAttributes=marks)


def a_stranger_patched(told: Told) -> None:
    told.call("PATCH", "/patch", loginId=told.strangers[0]["loginIds"][0], name="Somebody Else")


def a_stranger_merged(told: Told) -> None:
    told.call("POST", "/update/email", loginId=told.email(), email=told.strangers[0]["loginIds"][0], verified=True)


def a_success_nobody_told(told: Told) -> None:
    told.place.sandbox.control.set_faults({"kind": "close", "path": "user/create$", "when": "after"})
    with pytest.raises(requests.ConnectionError):
        told.call("POST", "/create", loginId="silent@example.org", customAttributes={})
    silent = next(user for user in told.place.targets() if user["email"] == "silent@example.org")
    told.checkpoint("UPDATE source_user SET target_id = :now WHERE target_id = :old",
                    now=silent["userId"], old=told.arrived[0]["target_id"])  # fmt: skip


def somebody_open(told: Told) -> None:
    told.checkpoint("UPDATE source_user SET state = 'pending', reason = 'x' WHERE user_id = :one",
                    one=told.arrived[0]["user_id"])  # fmt: skip


def a_secret_in_a_file(told: Told) -> None:
    (told.place.folder / "reports" / "report.html").write_text(f"<p>{MANAGEMENT_KEY}</p>", encoding="utf-8")


def an_address_in_the_log(told: Told) -> None:
    (told.place.folder / "run.log").write_text(f"cannot send {told.email()}\n", encoding="utf-8")


def a_profile_kept(told: Told) -> None:
    told.checkpoint("UPDATE source_user SET profile = '{}' WHERE user_id = :one", one=told.arrived[0]["user_id"])


def an_address_in_the_file(told: Told) -> None:
    told.checkpoint("UPDATE migration SET source = :address", address=told.email())


def a_mail_sent(told: Told) -> None:
    told.call("POST", "/create/batch", users=[], sendMail=True)


def somebody_changed_at_docebo(told: Told) -> None:
    requests.put(f"{told.place.sandbox.docebo_url}/manage/v1/user/{told.arrived[0]['user_id']}", json={}, timeout=20)


def a_secret_in_an_address(told: Told) -> None:
    requests.get(f"{told.place.sandbox.docebo_url}/manage/v1/user?client_secret={CLIENT_SECRET}", timeout=20)


def a_batch_too_long(told: Told) -> None:
    told.call("POST", "/create/batch", users=[{"loginId": f"{n}@example.org"} for n in range(101)])


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (one_row_less, "_nobody_lost"),
        (one_target_less, "_nobody_lost"),
        (another_name, "_nobody_lost"),
        (an_edit_that_never_arrived, "_nobody_lost"),
        (a_second_target, "_nobody_doubled"),
        (a_second_create, "_nobody_doubled"),
        (a_stranger_patched, "_only_ours_changed"),
        (a_stranger_merged, "_only_ours_changed"),
        (a_success_nobody_told, "_success_was_seen"),
        (somebody_open, "_books_close"),
        (somebody_changed_at_docebo, "_source_only_read"),
        (a_secret_in_a_file, "_no_secret"),
        (a_secret_in_an_address, "_no_secret"),
        (an_address_in_the_log, "_outputs_are_clean"),
        (a_profile_kept, "_profiles_are_gone"),
        (an_address_in_the_file, "_profiles_are_gone"),
        (a_mail_sent, "_nobody_contacted"),
        (a_batch_too_long, "_bounded"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_judge_objects(place: Place, spoil: Callable[[Told], None], where: str) -> None:
    """Whatever promise is broken behind the program's back, the judge's function for it says so."""
    told = Told(place)
    spoil(told)

    with pytest.raises(AssertionError) as objection:
        oracle.check(place, told.start)

    assert objection.traceback[-1].name == where


def test_the_judge_objects_to_a_stranger_changed_behind_the_api(place: Place) -> None:
    """Strangers are compared to the byte, however the change came about."""
    told = Told(place)
    stranger = told.strangers[0]
    told.place.sandbox.control.delete_descope_user(stranger["userId"])

    with pytest.raises(AssertionError) as objection:
        oracle.check(place, told.start)

    assert objection.traceback[-1].name == "_no_stranger_touched"


def test_the_judge_objects_to_a_repeat_that_writes(place: Place) -> None:
    """A run behind the last that finds something to write is no repeat."""
    told = Told(place)
    edit = {
        "op": "update",
        "before_request": 1,
        "user_id": told.arrived[0]["user_id"],
        "keys": {"fullname": "Neue Frau"},
    }
    place.sandbox.control.set_script(edit)

    with pytest.raises(AssertionError) as objection:
        oracle.check(place, told.start, again=True)

    assert objection.traceback[-1].name == "_repeat_is_a_no_op"


@pytest.mark.parametrize("ended", [(0, MANAGEMENT_KEY, ""), (0, "", MANAGEMENT_KEY), (1, "", "")], ids=str)
def test_the_judge_objects_to_what_a_command_printed(place: Place, ended: tuple[int, str, str]) -> None:
    """A secret on stdout or stderr, or the exit code of a bug."""
    told = Told(place)

    with pytest.raises(AssertionError) as objection:
        oracle.check(place, told.start, Ended(*ended))

    assert objection.traceback[-1].name == "_outputs_are_clean"
