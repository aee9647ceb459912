"""`migrator verify`: it finds what is wrong at Descope, each thing once, and changes nobody."""

from __future__ import annotations

import csv
import stat
from typing import TYPE_CHECKING, Any

import pytest
from oracle import read_rows
from sqlalchemy import create_engine, text

from migrator.sandbox.process import PROJECT_ID

if TYPE_CHECKING:
    from world import Ended, Place

WHOLE = ["until_done", "always"]


def migrated(place: Place, users: int = 150, *, verify: bool = True, **population: float) -> dict[str, dict[str, Any]]:
    """Migrate made-up people; the Descope users by Docebo id."""
    place.sandbox.control.reset(users=users, **{"difficult": 0, **population})
    place.migrate(verify=verify)
    place.sandbox.control.clear_journal()
    return {user["customAttributes"]["doceboUserId"]: user for user in place.targets() if _is_ours(user)}


def _is_ours(user: dict[str, Any]) -> bool:
    return "doceboUserId" in user["customAttributes"]


def change(place: Place, user: dict[str, Any], **values: Any) -> None:
    """Change a Descope user behind everybody's back."""
    place.sandbox.control.put_descope_user({**user, **values})


def classes(ended: Ended) -> dict[str, int]:
    counted: dict[str, int] = ended.document["classes"]
    return {name: number for name, number in counted.items() if number}


def wrote_nothing(place: Place) -> None:
    """No call that could change anything reached either server."""
    reads = {"/v1/mgmt/users/load", "/v2/mgmt/user/search"}
    for entry in place.journal("descope"):
        assert entry["committed"] == []
        assert entry["method"] == "GET" or entry["path"] in reads
    assert {e["path"] for e in place.journal("docebo") if e["method"] != "GET"} <= {"/oauth2/token"}


@pytest.mark.parametrize("keep", WHOLE)
def test_one_planted_difference_of_each_class_gives_one_of_each(any_place: Place, keep: str) -> None:
    """A changed name differs, a deleted user is missing, a planted mark is extra, everybody else is the same."""
    place = any_place
    place.configure(checkpoint={"keep_profiles": keep})
    users = migrated(place, 230, difficult=0.06, strangers=5)
    before = read_rows(place.checkpoint, place)
    (one, changed), (two, deleted) = list(users.items())[3:5]
    change(place, changed, name="=Somebody Else")
    place.sandbox.control.delete_descope_user(deleted["userId"])
    mark = {**changed["customAttributes"], "doceboUserId": "99999"}
    planted = place.sandbox.control.put_descope_user({"loginIds": ["x@example.org"], "customAttributes": mark})

    ended = place.forked("verify", "--json")

    assert ended.code == 3
    assert classes(ended) == {"same": len(users) - 2, "differs": 1, "missing": 1, "extra": 1}
    found = {(d["docebo_user_id"], d["field"], d["expected"], d["found"]) for d in ended.document["differences"]}
    assert found == {
        (one, "name", changed["name"], "=Somebody Else"),
        (two, "userId", deleted["userId"], None),
        ("99999", "userId", None, planted),
    }
    wrote_nothing(place)
    seen = {one: "edited", two: "missing"}  # all were seen right by the run
    for user_id, row in before.items():
        row["verdict"] = seen.get(user_id, row["verdict"])
    before[two]["sso_seen"] = None  # nobody sees the claims of who is not there
    assert read_rows(place.checkpoint, place) == before
    (path,) = place.folder.glob("reports/differences.csv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["docebo_user_id"]: row for row in csv.DictReader(file)}
    assert rows[one]["found"] == "'=Somebody Else"
    assert {row["class"] for row in rows.values()} == {"differs", "missing", "extra"}


@pytest.mark.parametrize("keep", WHOLE)
def test_a_whole_migration_verifies_clean(place: Place, keep: str) -> None:
    """After a run with difficult people and strangers everybody who arrived is the same, and the exit code is 0."""
    place.configure(checkpoint={"keep_profiles": keep}, mapping={"attributes": {"city": "field_4"}})
    users = migrated(place, 300, difficult=0.1, strangers=10)

    ended = place.forked("verify", "--json")

    assert ended.code == 0, ended.err
    assert classes(ended) == {"same": len(users)}
    assert ended.document["erased"]["reread"] == (len(users) if keep == "until_done" else 0)
    assert (place.folder / "reports" / "differences.csv").read_text("utf-8-sig").count("\n") == 1


@pytest.mark.parametrize("keep", WHOLE)
@pytest.mark.parametrize("attribute", ["city", "freshlyMigrated"])
def test_a_silently_ignored_attribute_is_found(place: Place, keep: str, attribute: str) -> None:
    """Descope answers success and drops an attribute: every user who should have it differs in exactly that."""
    place.configure(checkpoint={"keep_profiles": keep}, mapping={"attributes": {"city": "field_4"}})
    place.sandbox.control.reset(users=60, difficult=0)
    place.sandbox.control.set_switches(descope={"ignored_attribute": attribute})
    place.migrate()

    ended = place.forked("verify", "--json")

    assert ended.code == 3
    assert classes(ended) == {"differs": 60}
    assert {d["field"] for d in ended.document["differences"]} == {attribute}


def test_a_recreated_user_is_missing_and_extra(place: Place) -> None:
    """Another Descope user with the same login and mark is not the one the checkpoint knows."""
    user_id, user = next(iter(migrated(place, 20).items()))
    place.sandbox.control.delete_descope_user(user["userId"])
    again = place.sandbox.control.put_descope_user({**user, "userId": "U2another00000000000000000001"})

    ended = place.forked("verify", "--json")

    assert classes(ended) == {"same": 19, "missing": 1, "extra": 1}
    values = {d["class"]: (d["docebo_user_id"], d["expected"], d["found"]) for d in ended.document["differences"]}
    assert values == {"missing": (user_id, user["userId"], None), "extra": (user_id, user["userId"], again)}


def test_people_who_signed_in_are_the_same(place: Place) -> None:
    """A first sign-in sets freshlyMigrated to false and verifies an address: no difference of ours."""
    user = next(iter(migrated(place, 20).values()))
    attributes = {**user["customAttributes"], "freshlyMigrated": False}
    change(place, user, customAttributes=attributes, verifiedEmail=True, password=True)

    ended = place.forked("verify", "--json")

    assert (ended.code, classes(ended)) == (0, {"same": 20})


@pytest.mark.parametrize("keep", WHOLE)
@pytest.mark.parametrize("seen", [True, False], ids=["seen_right", "never_read"])
def test_somebody_disabled_at_descope_stays_so(place: Place, keep: str, seen: bool) -> None:
    """Whoever was seen right and is disabled by now is Descope's to enable; one never read back is told."""
    place.configure(checkpoint={"keep_profiles": keep})
    users = migrated(place, 20, verify=seen)
    user_id, user = next((user_id, user) for user_id, user in users.items() if user["status"] == "enabled")
    change(place, user, status="disabled")

    told = place.forked("verify", "--json")
    place.configure(policy={"update": {"default": "source_wins", "status": "target_wins"}})
    left = place.forked("verify", "--json")

    assert [(d["docebo_user_id"], d["field"], d["expected"], d["found"]) for d in told.document["differences"]] == (
        [] if seen else [(user_id, "status", "enabled", "disabled")]
    )
    assert told.code == (0 if seen else 3)
    assert (left.code, classes(left)) == (0, {"same": 20})


def test_erased_and_gone_from_docebo_is_compared_by_mark_and_login(place: Place) -> None:
    """Nobody knows the fields of an erased user Docebo shows no more, but a lost mark or login is still found."""
    users = migrated(place, 30)
    (one, first), (two, second), (three, third) = list(users.items())[:3]
    for user_id in (one, two, three):
        place.sandbox.control.delete_docebo_user(user_id)
    change(place, first, name="Nobody Can Know")
    change(place, second, loginIds=["moved@example.org"])
    change(place, third, customAttributes={**third["customAttributes"], "doceboPlatform": "other.example.org"})

    ended = place.forked("verify", "--json")

    assert classes(ended) == {"same": 28, "differs": 2}
    assert ended.document["erased"] == {"reread": 27, "changed_at_source": 0, "by_mark": 3}
    assert {(d["docebo_user_id"], d["field"]) for d in ended.document["differences"]} == {
        (two, "loginId"),
        (three, "doceboPlatform"),
    }


def test_a_change_at_docebo_since_the_run_is_told_as_such(place: Place) -> None:
    """Erased users are compared with Docebo as it is now; who changed there is counted, and `run` mends it."""
    user_id = next(iter(migrated(place, 20)))
    place.sandbox.control.patch_docebo_user(user_id, fullname="New Name")

    told = place.forked("verify", "--json")
    place.forked("run", "--yes")
    mended = place.forked("verify", "--json")

    assert told.document["erased"]["changed_at_source"] == 1
    assert [(d["docebo_user_id"], d["field"]) for d in told.document["differences"]] == [(user_id, "name")]
    assert (mended.code, classes(mended)) == (0, {"same": 20})


@pytest.mark.parametrize("keep", WHOLE)
def test_a_sample_states_its_confidence_and_can_be_drawn_again(place: Place, keep: str) -> None:
    """`--sample` checks so many users, the same ones for a seed, and bounds how many of all may be wrong."""
    place.configure(checkpoint={"keep_profiles": keep})
    users = migrated(place, 200)
    for user in list(users.values())[:100]:
        change(place, user, familyName="Wrong")

    first = place.forked("verify", "--sample", "50", "--seed", "5", "--json")
    again = place.forked("verify", "--sample", "50", "--seed", "5", "--json")
    people = place.forked("verify", "--sample", "50", "--seed", "5")
    whole = place.forked("verify", "--sample", "500", "--json")

    wrong = classes(first)["differs"]
    assert first.code == 3
    assert classes(first) == {"same": 50 - wrong, "differs": wrong}
    assert 10 < wrong < 40
    assert again.document["differences"] == first.document["differences"]
    said = first.document["sample"]
    assert (said["size"], said["seed"], said["confidence"]) == (50, 5, 0.95)
    assert 100 <= said["most_wrong"] < 100 * 2 * wrong / 50 + 50
    assert f"with {wrong} wrong in 50 of 200 (seed 5), at most {said['most_wrong_percent']:.2f} %" in people.out
    assert whole.document["sample"]["most_wrong"] == 100


def test_the_text_names_users_and_fields_but_no_values(place: Place) -> None:
    """What people see on the screen carries no personal data; the file does."""
    user_id, user = next(iter(migrated(place, 20).items()))
    change(place, user, name="Planted Person")

    ended = place.forked("verify")

    assert ended.code == 3
    assert f"user {user_id}: differs, name" in ended.out
    assert "Planted" not in ended.out + ended.err
    assert user["name"] not in ended.out + ended.err
    assert "Planted Person" in (place.folder / "reports" / "differences.csv").read_text("utf-8-sig")


def test_somebody_under_way_is_not_extra(place: Place) -> None:
    """A user of a request without an outcome carries our mark already; a later run settles that."""
    user_id = next(iter(migrated(place, 20)))
    engine = create_engine(f"sqlite:///{place.folder / 'migrator.db'}")
    statement = "UPDATE source_user SET state = 'sending', batch = 'b', target_id = NULL WHERE user_id = :user_id"
    with engine.begin() as connection:
        connection.execute(text(statement), {"user_id": user_id})
    engine.dispose()

    ended = place.forked("verify", "--json")

    assert (ended.code, classes(ended)) == (0, {"same": 19})


def test_what_cannot_be_verified_is_refused(place: Place) -> None:
    """No checkpoint, another project, another mapping, a refused key: exit code 2, and nothing is claimed."""
    none = place.forked("verify", "--json")
    migrated(place, 5)
    place.configure(mapping={"attributes": {"city": "field_4"}})
    mapping = place.forked("verify", "--json")
    place.configure(mapping={"attributes": {}}, descope={"project_id": "P2otherOTHER0123456789abcdef"})
    project = place.forked("verify", "--json")
    place.configure(descope={"project_id": PROJECT_ID, "management_key": "wrong-key"})
    key = place.forked("verify", "--json")

    assert [ended.code for ended in (none, mapping, project, key)] == [2, 2, 2, 2]
    assert "mapping" in mapping.document["error"]["message"]
    assert "management key" in key.document["error"]["message"]


def test_before_anybody_arrived_there_is_nothing_to_verify(place: Place) -> None:
    """After a plan alone, all classes are empty and the text says why."""
    place.sandbox.control.reset(users=10, difficult=0)
    place.forked("plan")

    ended = place.forked("verify")

    assert ended.code == 0
    assert "no user has been sent yet" in ended.out
