"""What reading back has shown stays known: to the next run, to `migrator verify`, and until it was seen right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from oracle import read_rows
from runs import go
from sqlalchemy import create_engine, update

from migrator.checkpoint.checkpoint import Checkpoint
from migrator.checkpoint.tables import source_user
from migrator.clock import Clock
from migrator.fields import SentFields

if TYPE_CHECKING:
    from world import Ended, Place

CITY = {"attributes": {"city": "field_4"}}
LOAD = "/v1/mgmt/users/load"


def ready(place: Place, users: int = 12, *, drops: str | None = None, keep: str = "until_done") -> None:
    """Plain people with a city, on a server that silently drops an attribute."""
    place.configure(checkpoint={"keep_profiles": keep}, mapping=CITY)
    place.sandbox.control.reset(users=users, difficult=0)
    place.sandbox.control.set_switches(descope={"ignored_attribute": drops})


def migrated(place: Place, users: int = 12, **options: Any) -> dict[str, dict[str, Any]]:
    """The Descope users by Docebo id after a run."""
    ready(place, users)
    assert go(place, **options).code == 0
    return by_id(place)


def by_id(place: Place) -> dict[str, dict[str, Any]]:
    return {user["customAttributes"]["doceboUserId"]: user for user in place.targets()}


def change(place: Place, user: dict[str, Any], **values: Any) -> None:
    place.sandbox.control.put_descope_user({**user, **values})


def verdicts(place: Place) -> dict[str, str | None]:
    return {user_id: row["verdict"] for user_id, row in read_rows(place.checkpoint, place).items()}


def profiles(place: Place) -> set[str]:
    """Who still has personal data in the checkpoint."""
    return {user_id for user_id, row in read_rows(place.checkpoint, place).items() if row["profile"] is not None}


def note(place: Place, *user_ids: str, **columns: Any) -> None:
    """Change what the checkpoint holds of these users, or of everybody."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    statement = update(source_user).values(**columns)
    with engine.begin() as connection:
        connection.execute(statement.where(source_user.c.user_id.in_(user_ids)) if user_ids else statement)
    engine.dispose()


def told(place: Place) -> int:
    """How many differences the report folder names."""
    path = place.folder / "reports" / "differences.csv"
    return path.read_text("utf-8-sig").count("\n") - 1 if path.exists() else 0


def loads(place: Place) -> int:
    return sum(entry["path"] == LOAD for entry in place.journal())


def mend(place: Place) -> None:
    """Everybody gets the city that was dropped."""
    place.sandbox.control.set_switches(descope={"ignored_attribute": None})
    cities = {str(user["user_id"]): user["field_4"] for user in place.sources()}
    for user_id, user in by_id(place).items():
        change(place, user, customAttributes={**user["customAttributes"], "city": cities[user_id]})


@pytest.mark.parametrize("keep", ["until_done", "always"])
def test_a2_differences_are_told_by_every_run_until_they_are_seen_right(any_place: Place, keep: str) -> None:
    """What the server dropped is exit 3 in each later run, until it is there; then once more everything is right."""
    place = any_place
    ready(place, drops="city", keep=keep)

    first, second, third = go(place), go(place), go(place, verify=False)

    assert [run.code for run in (first, second, third)] == [3, 3, 3]
    assert told(place) == 12
    assert set(verdicts(place).values()) == {"differs"}
    assert len(profiles(place)) == 12
    mend(place)
    assert [go(place).code, go(place).code] == [0, 0]
    assert told(place) == 0
    assert set(verdicts(place).values()) == {"same"}
    assert len(profiles(place)) == (12 if keep == "always" else 0)


def test_a2_a_run_reads_only_whom_it_has_to(place: Place) -> None:
    """Each later run reads back whoever differs; nobody else, and whoever can only be seen by the mark once."""
    users = migrated(place, 250)
    one, two, *_ = users
    note(place, one, two, verdict=None)
    place.sandbox.control.clear_journal()

    runs = [go(place) for _ in range(3)]

    assert loads(place) == 1
    assert [run.code for run in runs] == [0, 0, 0]
    assert (verdicts(place)[one], verdicts(place)[two]) == ("mark", "mark")
    note(place, one, verdict="differs")
    assert [go(place).code for _ in range(3)] == [3, 3, 3]
    assert loads(place) == 4


@pytest.mark.parametrize("word", ["differs", "missing"])
def test_a2_a_comparison_by_mark_alone_never_says_same(place: Place, word: str) -> None:
    """After erasing, nobody knows the fields: that is a verdict of its own, and it takes no difference back."""
    users = migrated(place)
    one, two, *_ = users
    note(place, one, verdict=word)
    note(place, two, verdict=None)

    run = go(place)

    assert run.code == (3 if word == "differs" else 0)
    assert told(place) == (1 if word == "differs" else 0)
    said = verdicts(place)
    assert said[one] == ("differs" if word == "differs" else "mark")
    assert said[two] == "mark"
    assert {said[user_id] for user_id in users if user_id not in (one, two)} == {"same"}


def test_a2_a_wrong_login_id_found_by_the_mark_is_a_difference(place: Place) -> None:
    """Another login id differs even when nobody knows the fields any more."""
    users = migrated(place)
    one = next(iter(users))
    change(place, users[one], loginIds=["moved@example.org"])
    note(place, verdict=None)

    assert go(place).code == 3
    assert verdicts(place) == dict.fromkeys(users, "mark") | {one: "differs"}


def test_a2_without_reading_back_profiles_go_unless_somebody_is_known_to_be_wrong(place: Place) -> None:
    """`--no-verify` leaves no personal data of whoever arrived, except where it is needed to see a wrong user right."""
    ready(place, drops="city")
    assert go(place).code == 3
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "900001", "email": "new@example.org"})

    assert go(place, verify=False).code == 3

    assert "900001" not in profiles(place)
    assert len(profiles(place)) == 12
    assert verdicts(place)["900001"] is None


def test_a2_verify_stores_its_verdicts(any_place: Place) -> None:
    """The command and the next run agree about whoever differs or is missing, until they are seen right."""
    place = any_place
    users = migrated(place, verify=False)
    one, two, *others = users
    change(place, users[one], name="Somebody Else")
    place.sandbox.control.delete_descope_user(users[two]["userId"])

    ended = place.forked("verify", "--json")

    assert (ended.code, _classes(ended)) == (3, {"same": 10, "differs": 1, "missing": 1})
    assert ended.document["stored"] is True
    assert verdicts(place) == dict.fromkeys(others, "same") | {one: "differs", two: "missing"}
    assert go(place).code == 3
    change(place, users[one])
    place.sandbox.control.put_descope_user(users[two])
    again = place.forked("verify", "--json")
    assert (again.code, _classes(again)) == (0, {"same": 12})
    assert go(place).code == 0
    assert set(verdicts(place).values()) == {"same"}


def _classes(ended: Ended) -> dict[str, int]:
    return {name: number for name, number in ended.document["classes"].items() if number}


@pytest.mark.parametrize("keep", ["until_done", "always"])
def test_a2_an_edit_by_a_person_is_told_and_needs_nobody(place: Place, keep: str) -> None:
    """Whoever was seen right and differs now was changed in Descope: `verify` exits with 3, a run with 0."""
    ready(place, keep=keep)
    assert go(place).code == 0
    one, user = next(iter(by_id(place).items()))
    change(place, user, name="Her Own Choice")

    first, again = place.forked("verify", "--json"), place.forked("verify", "--json")

    assert [(ended.code, _classes(ended)) for ended in (first, again)] == [(3, {"same": 11, "differs": 1})] * 2
    assert verdicts(place)[one] == "edited"
    place.sandbox.control.clear_journal()
    assert go(place).code == 0
    assert loads(place) == 0
    change(place, user)
    assert place.forked("verify").code == 0
    assert verdicts(place)[one] == "same"


def test_a2_a_sample_stores_the_verdicts_of_those_drawn(place: Place) -> None:
    """`--sample` says something of the users it drew, and nothing of the others."""
    migrated(place, verify=False)

    assert place.forked("verify", "--sample", "5", "--seed", "1").code == 0

    assert sorted(map(str, verdicts(place).values())) == ["None"] * 7 + ["same"] * 5


def test_a2_what_changed_in_docebo_since_says_nothing_of_what_was_sent(place: Place) -> None:
    """An erased user whose record changed is compared with something that was never sent: its verdict stays."""
    users = migrated(place)
    one, two, *_ = users
    note(place, one, verdict=None)
    place.sandbox.control.patch_docebo_user(one, fullname="New Name")
    place.sandbox.control.patch_docebo_user(two, fullname="New Name")

    ended = place.forked("verify", "--json")

    assert _classes(ended) == {"same": 10, "differs": 2}
    assert (verdicts(place)[one], verdicts(place)[two]) == (None, "same")


def test_a2_verify_stores_nothing_while_a_run_is_at_work(place: Place) -> None:
    """The run's own reading back counts; the command says that it kept nothing."""
    users = migrated(place, verify=False)
    config = place.config.checkpoint

    with Checkpoint(config.sqlalchemy_url, config.key, Clock(), upgrade=False):
        ended = place.forked("verify", "--json")

    assert (ended.code, _classes(ended), ended.document["stored"]) == (0, {"same": 12}, False)
    assert "A run was at work" in ended.err
    assert verdicts(place) == dict.fromkeys(users)
    assert place.forked("verify").code == 0
    assert set(verdicts(place).values()) == {"same"}


def test_whoever_a_run_names_missing_is_missing_for_verify(place: Place) -> None:
    """Somebody deleted at Descope is in conflict after the run that noticed, and `verify` counts them, too."""
    users = migrated(place)
    one, user = next(iter(users.items()))
    place.sandbox.control.delete_descope_user(user["userId"])
    place.sandbox.control.patch_docebo_user(one, fullname="New Name")
    run = go(place)

    ended = place.forked("verify", "--json")

    assert (run.code, run.reasons) == (3, {"deleted_at_descope": 1})
    assert (ended.code, _classes(ended)) == (3, {"same": 11, "missing": 1})
    assert ended.document["arrived"] == 12
    assert verdicts(place)[one] == "missing"


def test_what_was_left_to_a_person_is_no_difference_of_ours(place: Place) -> None:
    """A field that was not sent because it was changed in Descope: right for a run, told as edited by `verify`."""
    users = migrated(place)
    (one, first), (two, second), *_ = users.items()
    for user_id, user, left in ((one, first, "name"), (two, second, "customAttributes.city")):
        sent = SentFields({}, left=frozenset({left})).to_json()
        note(place, user_id, verdict=None, sent_fields=sent)
        change(place, user, name="Own", customAttributes={**user["customAttributes"], "city": "Own"})

    ended = place.forked("verify", "--json")

    assert _classes(ended) == {"same": 10, "differs": 2}
    assert {(d["docebo_user_id"], d["field"]) for d in ended.document["differences"]} == {
        (user_id, field) for user_id in (one, two) for field in ("name", "city")
    }
    # Each also differs in a field that was not left.
    assert (verdicts(place)[one], verdicts(place)[two]) == ("differs", "differs")
    change(place, first, name="Own")
    change(place, second, customAttributes={**second["customAttributes"], "city": "Own"})
    assert place.forked("verify").code == 3
    assert (verdicts(place)[one], verdicts(place)[two]) == ("edited", "edited")
    assert go(place).code == 0


def test_what_was_left_to_a_person_is_right_when_a_run_reads_it_back(place: Place) -> None:
    """The run's own reading back knows what it did not send."""
    ready(place, drops="city", keep="always")
    assert go(place).code == 3
    sent = SentFields({}, left=frozenset({"customAttributes.city"})).to_json()
    note(place, sent_fields=sent)

    assert go(place).code == 0

    assert set(verdicts(place).values()) == {"same"}


def test_a_canary_is_not_stopped_by_what_an_earlier_run_left_wrong(place: Place) -> None:
    """Only the users sent first are looked at before going on; at the end whoever was wrong is read again."""
    ready(place, drops="city")
    assert go(place).code == 3
    place.sandbox.control.set_switches(descope={"ignored_attribute": None})
    for number in range(900001, 900004):
        record = {**place.sources()[0], "user_id": str(number), "email": f"n{number}@example.org"}
        place.sandbox.control.put_docebo_user({**record, "username": f"n{number}"})

    run = go(place, canary=1)

    assert (run.code, run.error) == (3, None)
    assert run.counts["created"] == 15
    assert sorted(map(str, verdicts(place).values())) == ["differs"] * 12 + ["same"] * 3


def test_a5_a_phone_as_login_id_verifies(place: Place) -> None:
    """A user name that is a phone with punctuation comes back without it, which is the same login id."""
    place.configure(mapping={"login_id": "username"})
    place.sandbox.control.reset(users=6, difficult=0)
    user_id = str(place.sources()[0]["user_id"])
    place.sandbox.control.patch_docebo_user(user_id, username="+39 02-5550 0001")

    run = go(place)

    assert by_id(place)[user_id]["loginIds"] == ["+390255500001"]
    assert run.code == 0
    assert place.forked("verify").code == 0
