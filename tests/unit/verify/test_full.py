"""The whole verification: everybody or a sample, erased users too, and users with our mark whom nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from in_memory import Descope, Docebo, page, record, run_context
from read_back import arrived, erased, loaded, person, verdicts
from two_migrations import put, target
from wanted_and_held import held

from migrator.checkpoint.users.verdicts import known_users
from migrator.core.errors import ConfigError
from migrator.core.fields import SentFields
from migrator.core.model import State
from migrator.verify import full, readback
from migrator.verify.full import SampleSize, VerifyReport, verify_all
from migrator.verify.readback import Difference

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext


@pytest.fixture
def check(store: Checkpoint, tmp_path: Path) -> Any:
    """Verify; returns the verdict, the progress and the job."""

    def go(
        *users: DescopeUser,
        docebo: Docebo | None = None,
        sample: SampleSize | None = None,
        descope: Descope | None = None,
        **settings: Any,
    ) -> tuple[VerifyReport, list[tuple[int, int]], RunContext]:
        work = run_context(store, tmp_path, docebo, descope or Descope(*users), settings=settings)
        progress: list[tuple[int, int]] = []
        found = verify_all(
            store, work.descope, work.config, (work.docebo, lambda: work.normalize), sample=sample,
            progress=lambda done, total: progress.append((done, total)),
        )  # fmt: skip
        return found, progress, work

    return go


def test_everybody_who_arrived_is_compared(store: Checkpoint, check: Any) -> None:
    arrived(store, "1", verdict="same")
    arrived(store, "2", state=State.UNCHANGED)
    arrived(store, "3", state=State.UPDATED)
    arrived(store, "4", state=State.CONFLICT, reason="deleted_at_descope")
    put(store, "5")

    found, progress, work = check(person("1"), person("2"), person("3", email="x@y.zz"))

    assert loaded(work) == ["U1", "U2", "U3", "U4"]
    assert found.classes == {"same": 2, "differs": 1, "missing": 1, "extra": 0}
    assert (found.arrived, found.checked, found.wrong, found.clean, found.stored) == (4, 4, 2, False, True)
    assert progress == [(4, 4)]
    assert verdicts(store) == {"1": "same", "2": "same", "3": "differs", "4": "missing", "5": None}
    assert [(one.docebo_user_id, one.kind, one.field) for one in found.differences] == [
        ("3", "differs", "email"), ("4", "missing", "userId")
    ]  # fmt: skip


def test_who_is_left_out_of_a_list_is_asked_for_by_id_and_never_by_login_id(store: Checkpoint, check: Any) -> None:
    """Whoever has the login id under another Descope id is somebody else, and the user is missing."""
    arrived(store, "1")
    arrived(store, "2")
    erased(store, "3")
    descope = Descope(person("1"), person("2", user_id="U9", attributes={}), person("3"))
    descope.unlisted = {"U1", "U9", "U3"}

    found, _, work = check(descope=descope, docebo=Docebo(page([], total=None)))

    assert work.descope.names("load") == [("U1", "U2", True), ("U3", True)]
    assert not work.descope.names("by_login")
    assert found.classes == {"same": 2, "differs": 0, "missing": 1, "extra": 0}


@pytest.mark.parametrize(
    ("before", "becomes"), [("same", "edited"), ("edited", "edited"), ("mark", "differs"), (None, "differs")]
)
def test_whoever_was_right_and_differs_now_was_edited(
    store: Checkpoint, check: Any, before: str | None, becomes: str
) -> None:
    arrived(store, "1", verdict=before)

    found, _, _ = check(person("1", email="x@y.zz"))

    assert (found.classes["differs"], verdicts(store)["1"]) == (1, becomes)


def test_what_was_left_to_a_person_is_told_as_an_edit(store: Checkpoint, check: Any) -> None:
    sent = SentFields.of(target("1", name="Ana"), left=("name",))
    arrived(store, "1", profile=target("1", name="Ana").to_json(), sent_fields=sent.to_json())

    assert check(person("1", name="Anna"))[0].classes["differs"] == 1
    assert verdicts(store) == {"1": "edited"}


@pytest.mark.parametrize(("left", "same"), [((), 0), (("status",), 1)])
def test_who_was_disabled_by_a_person_is_right(store: Checkpoint, check: Any, left: tuple[str, ...], same: int) -> None:
    arrived(store, "1", sent_fields=SentFields.of(target("1"), left=left).to_json())

    assert check(person("1", status="disabled"))[0].classes["same"] == same


def test_how_a_user_became_ours_says_what_is_compared(store: Checkpoint, check: Any) -> None:
    arrived(store, "1", origin="linked", profile=target("1", phone="+39347").to_json())
    arrived(store, "2", origin="created", profile=target("2", phone="+39347").to_json())

    found, _, _ = check(person("1"), person("2"))

    assert [one.docebo_user_id for one in found.differences] == ["2"]


def test_what_policy_leaves_to_descope_is_not_told(store: Checkpoint, check: Any) -> None:
    arrived(store, "1", profile=target("1", name="Ana").to_json())

    assert check(person("1", name="Anna"), policy={"update": {"name": "target_wins"}})[0].clean


def test_users_with_our_mark_that_nobody_knows_are_extra(store: Checkpoint, check: Any) -> None:
    arrived(store, "1")
    put(store, "3", state=State.SENDING)
    put(store, "4", state=State.SENDING, target_id="U4")
    put(store, "5")
    twin = person("1", user_id="TWIN", login_ids=("twin",))
    users = [person("1"), twin, person("2"), person("3"), person("4", user_id="X4"), person("5")]

    found, _, _ = check(*users)

    assert [(one.docebo_user_id, one.kind, one.field, one.expected, one.found) for one in found.differences] == [
        ("1", "extra", "userId", "U1", "TWIN"),
        ("2", "extra", "userId", None, "U2"),
        ("4", "extra", "userId", "U4", "X4"),
        ("5", "extra", "userId", None, "U5"),
    ]
    assert found.classes == {"same": 1, "differs": 0, "missing": 0, "extra": 4}
    assert (found.checked, found.wrong, found.clean) == (1, 0, False)


def test_many_extra_users_are_found_by_hundreds(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    known = known_users

    def counted(store: Checkpoint, ids: Any) -> Any:
        sizes.append(len(ids))
        return known(store, ids)

    monkeypatch.setattr(full, "known_users", counted)

    found, _, _ = check(*(person(str(number)) for number in range(205)))

    assert sizes == [100, 100, 5]
    assert found.classes["extra"] == 205


def test_without_the_marks_definition_nobody_can_be_extra(check: Any) -> None:
    descope = Descope(person("1"))
    descope.types = {}

    found, _, work = check(descope=descope)

    assert found.clean
    assert not work.descope.names("marked")


def test_a_sample_is_drawn_compared_and_stored_and_nobody_is_extra(store: Checkpoint, check: Any) -> None:
    for number in range(10, 30):
        arrived(store, str(number))
    users = [person(str(number)) for number in range(10, 31)]

    found, progress, work = check(*users, sample=SampleSize(5, 7))
    again = check(*users, sample=SampleSize(5, 7))[2]

    assert (found.arrived, found.checked, found.classes["extra"]) == (20, 5, 0)
    assert progress == [(5, 5)]
    assert len(loaded(work)) == 5
    assert loaded(work) == loaded(again)
    assert sorted(verdicts(store).values(), key=str) == [None] * 15 + ["same"] * 5
    assert found.most_wrong == 8


def test_nothing_is_stored_while_a_run_is_at_work(
    store: Checkpoint, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived(store, "1")
    erased(store, "2")
    monkeypatch.setattr(full, "store_verdicts", lambda _store, users, *_: not users or users[0].user_id != "1")

    found, _, _ = check(person("1"), person("2"))

    assert found.stored is False


# --- erased users --------------------------------------------------------------------------------


def docebo(*numbers: int) -> Docebo:
    return Docebo(page(numbers, total=len(numbers)))


def normalized(check: Any, number: int) -> Any:
    """The user that the record of this number becomes today."""
    return check()[2].normalize(record(number)).target


def test_the_target_of_an_erased_user_is_built_anew_from_docebo(store: Checkpoint, check: Any) -> None:
    wanted = normalized(check, 1)
    for user_id in ("1", "2"):
        erased(store, user_id, sent_hash=normalized(check, int(user_id)).content_hash())
    source = docebo(1, 2, 3)

    found, progress, _ = check(held(wanted, "U1"), person("2", email="x@y.zz"), docebo=source)

    assert source.asked == [(1, "")]
    assert source.sessions == 1
    assert (found.reread, found.changed, found.by_mark) == (2, 0, 0)
    assert found.classes == {"same": 1, "differs": 1, "missing": 0, "extra": 0}
    assert [one.field for one in found.differences] == ["doceboUsername", "email"]
    assert verdicts(store) == {"1": "same", "2": "differs"}
    assert progress[-1] == (2, 2)


def test_who_changed_in_docebo_since_is_told_as_such_and_not_judged(store: Checkpoint, check: Any) -> None:
    erased(store, "1", sent_hash="of another target")

    found, _, _ = check(person("1", email="x@y.zz"), docebo=docebo(1))

    assert (found.reread, found.changed) == (1, 1)
    assert verdicts(store) == {"1": None}


def test_of_an_older_checkpoint_the_hash_itself_is_what_was_sent(store: Checkpoint, check: Any) -> None:
    wanted = normalized(check, 1)
    erased(store, "1", sent_hash=None, target_hash=wanted.content_hash())

    found, _, _ = check(held(wanted, "U1"), docebo=docebo(1))

    assert found.changed == 0
    assert verdicts(store) == {"1": "same"}


def test_who_is_not_at_docebo_any_more_is_compared_by_mark(store: Checkpoint, check: Any) -> None:
    wanted = normalized(check, 1)
    erased(store, "1", sent_hash=None, target_hash=wanted.content_hash())
    erased(store, "2", verdict="same")
    erased(store, "3", verdict="edited")
    erased(store, "4")
    arrived(store, "5")

    found, progress, work = check(
        held(wanted, "U1"), *(person(str(number)) for number in range(2, 6)), docebo=docebo(1)
    )

    assert (found.reread, found.by_mark, found.classes["same"]) == (1, 3, 5)
    assert verdicts(store) == {"1": "same", "2": "same", "3": "edited", "4": "mark", "5": "same"}
    assert progress[-1] == (5, 5)
    assert loaded(work) == ["U1", "U2", "U3", "U4", "U5"]


def test_only_those_drawn_are_built_anew(store: Checkpoint, check: Any) -> None:
    for number in range(1, 7):
        erased(store, str(number))

    found, progress, work = check(
        *(person(str(number)) for number in range(1, 7)), docebo=docebo(1, 2, 3), sample=SampleSize(3, 1)
    )

    assert found.reread + found.by_mark == found.checked == len(loaded(work)) == 3
    assert {done for done, _ in progress} <= {0, 1, 2, 3}
    assert {total for _, total in progress} == {3}


def test_docebo_is_not_asked_while_no_profile_was_erased(store: Checkpoint, check: Any) -> None:
    arrived(store, "1")
    source = docebo(1)

    check(person("1"), docebo=source)

    assert (source.asked, source.sessions) == ([], 0)


def test_a_session_that_sees_a_part_alone_is_refused(store: Checkpoint, check: Any) -> None:
    erased(store, "1")
    source = docebo(1)
    source.ends_with = ConfigError("not super_admin")

    with pytest.raises(ConfigError, match="not super_admin"):
        check(person("1"), docebo=source)


def test_the_list_is_read_to_its_end_and_each_user_once(store: Checkpoint, check: Any) -> None:
    for number in (1, 2, 3):
        erased(store, str(number))
    pages = [page([1, 2], more=True, total=3), page([2, 3], total=3)]
    bad = {"user_id": "9", "username": "x", "email": "None", "status": "1"}
    pages[0].items.append(bad)

    source = Docebo(*pages, page([], total=3))
    found, _, _ = check(*(person(str(number)) for number in (1, 2, 3)), docebo=source)

    assert [number for number, _ in source.asked] == [1, 2]
    assert (found.reread, found.by_mark) == (3, 0)


def test_who_never_arrived_or_has_a_profile_is_not_built_anew(store: Checkpoint, check: Any) -> None:
    erased(store, "1")
    erased(store, "2", state=State.CONFLICT, reason="login_taken", sent_hash=None)
    arrived(store, "3")
    erased(store, "4", state=State.CONFLICT, reason="login_taken")

    found, _, work = check(person("1"), person("3"), person("4"), docebo=docebo(1, 2, 3, 4))

    assert loaded(work) == ["U1", "U3", "U4"]
    assert (found.reread, found.arrived) == (2, 3)


# --- the verdict as a document -------------------------------------------------------------------


def test_the_verdict_as_a_document() -> None:
    classes = {"same": 8, "differs": 1, "missing": 1, "extra": 2}
    found = VerifyReport(
        20, None, classes, [Difference("1", "differs", "name", "a", "b")], reread=3, changed=2, by_mark=1, stored=False
    )

    assert found.document() == {
        "classes": classes,
        "differences": [{"docebo_user_id": "1", "class": "differs", "field": "name", "expected": "a", "found": "b"}],
        "checked": 10,
        "arrived": 20,
        "stored": False,
        "erased": {"reread": 3, "changed_at_source": 2, "by_mark": 1},
        "sample": None,
    }


def test_a_sample_states_its_bound() -> None:
    found = VerifyReport(300, SampleSize(59, 7), {"same": 59, "differs": 0, "missing": 0, "extra": 0})

    assert found.most_wrong == 13
    assert found.document()["sample"] == {
        "size": 59, "seed": 7, "confidence": 0.95, "most_wrong": 13, "most_wrong_percent": 4.3333,
    }  # fmt: skip
    nobody = VerifyReport(0, SampleSize(5, 7))
    assert (sample := nobody.document()["sample"]) is not None
    assert sample["most_wrong_percent"] == 0.0
    assert nobody.clean


@pytest.mark.parametrize(("classes", "clean"), [({"same": 1}, True), ({"extra": 1}, False), ({"missing": 1}, False)])
def test_only_nothing_wrong_and_nobody_extra_is_clean(classes: dict[str, int], clean: bool) -> None:
    assert VerifyReport(1, None, dict.fromkeys(readback.CLASSES, 0) | classes).clean == clean
