"""`migrator undo` takes a migration back, and spares whoever shows a sign of life (docs/decisions/0024)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from crash_trials import first_run
from undo_world import Project, arrived_ids, check_undone, migrated, target_of, writes

from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from world import Place

NOTHING = {"deleted": 0, "restored": 0, "spared": 0, "gone": 0, "failed": 0}


def test_a_run_and_its_undo_leave_descope_as_it_was(any_place: Place) -> None:
    """Among strangers and difficult people, everybody who was created goes, nobody else is touched; once is enough."""
    place = any_place
    start = first_run(place)
    before = Project.now(place)
    assert place.forked("run", "--yes").code == 3
    created = len(arrived_ids(place))

    undone = place.forked("undo", "--yes", "--json")
    calls_before = writes(place)
    again = place.forked("undo", "--yes", "--json")

    assert (undone.code, undone.document["counts"]) == (0, NOTHING | {"deleted": created})
    assert (undone.document["schema"], undone.document["outcome"]) == ("undo/1", "complete")
    check_undone(place, before, undone)
    assert (again.code, again.document["counts"], writes(place)) == (0, NOTHING, calls_before)
    runs = place.forked("runs", "--json").document["runs"]
    assert [(one["command"], one["outcome"]) for one in runs] == [
        ("run", "needs_person"), ("undo", "complete"), ("undo", "complete"),
    ]  # fmt: skip
    assert runs[1]["actions"]["delete"] == created
    counts = place.forked("status", "--json").document
    assert (counts["counts"]["created"], counts["reasons"]["undone"]) == (0, created)
    assert counts["verify"]["scope"] == "none"  # what was seen of them is no more
    assert place.forked("run", "--yes").code == 3
    oracle.check(place, start, again=True)


@pytest.mark.parametrize("emptied", ["stored", "removed"])
@pytest.mark.parametrize("patching", ["merge", "replace"])
def test_whom_a_run_linked_is_as_before(place: Place, patching: str, emptied: str) -> None:
    """A stranger loses our mark and what we filled in, and keeps everything else; the next run links it again."""
    place.configure(policy={"existing": "link"}, mapping={"attributes": {"city": "city"}})
    place.sandbox.control.reset(users=0)
    place.sandbox.control.set_switches(descope={"patch_attributes": patching, "empty_attribute": emptied})
    place.sandbox.control.put_docebo_user(person("11", city="Rome"))
    place.sandbox.control.put_docebo_user(person("12", city="Oslo"))
    stranger = {"loginIds": ["u11@example.org"], "email": "u11@example.org", "givenName": "Own", "password": True}
    place.sandbox.control.put_descope_user(stranger)
    before = Project.now(place)
    run = place.forked("run", "--yes", "--json")
    assert (run.code, run.document["actions"]["adopt"]) == (0, 1)

    undone = place.forked("undo", "--yes", "--json")

    assert (undone.code, undone.document["counts"]) == (0, NOTHING | {"deleted": 1, "restored": 1})
    check_undone(place, before, undone, exact=False)
    again = place.forked("run", "--yes", "--json")
    assert (again.code, again.document["actions"]["adopt"], again.document["actions"]["create"]) == (0, 1, 1)


def test_linked_users_are_restored_on_both_databases(any_place: Place) -> None:
    """What they were like before outlives erased profiles and later updates: the first value comes back."""
    place = any_place
    place.configure(policy={"existing": "link"})
    before = migrated(place)
    strangers = [one for one in oracle.read_rows(place.checkpoint, place).values() if one["origin"] == "linked"]
    assert len(strangers) == 3
    for row in strangers:
        place.sandbox.control.patch_docebo_user(row["user_id"], avatar="https://x.example/new.png")
    assert place.forked("run", "--yes").code == 0

    undone = place.forked("undo", "--yes", "--json")

    assert (undone.code, undone.document["counts"]) == (0, NOTHING | {"deleted": 9, "restored": 3})
    check_undone(place, before, undone, exact=False)


def test_after_a_purge_linked_users_are_spared(any_place: Place) -> None:
    """What they were like before is personal data and gone; those we created are still deleted."""
    place = any_place
    place.configure(policy={"existing": "link"})
    before = migrated(place)
    purged = place.forked("purge", "--yes", "--json")
    assert (purged.code, purged.document) == (0, {"schema": "purge/1", "erased": 3})
    again = place.forked("purge", "--yes", "--json")

    undone = place.forked("undo", "--yes", "--json", "--force-unknown")

    assert again.document == {"schema": "purge/1", "erased": 0}
    assert (undone.code, undone.document["counts"]) == (3, NOTHING | {"deleted": 9, "spared": 3})
    assert {one["reason"] for one in undone.document["spared"]} == {"unknown"}
    check_undone(place, before, undone)


def test_what_was_purged_is_not_restored_by_half(place: Place) -> None:
    """A linked user that is updated behind a purge is spared: only that update could be taken back, not the link."""
    place.configure(policy={"existing": "link"})
    migrated(place)
    assert place.forked("purge", "--yes").code == 0
    for row in oracle.read_rows(place.checkpoint, place).values():
        place.sandbox.control.patch_docebo_user(row["user_id"], avatar="https://x.example/new.png")
    assert place.forked("run", "--yes", "--json").document["actions"]["update"] > 9

    undone = place.forked("undo", "--yes", "--json", "--force-unknown")

    assert (undone.code, undone.document["counts"]) == (3, NOTHING | {"deleted": 9, "spared": 3})
    assert {one["reason"] for one in undone.document["spared"]} == {"unknown"}
    assert place.forked("purge", "--yes", "--json").document == {"schema": "purge/1", "erased": 0}


SIGNS: dict[str, dict[str, Any]] = {
    "history": {"audit": False},
    "audit trail": {"history": False},
    **{
        f"flag {name}": {"history": False, "audit": False, name: True}
        for name in ("password", "webauthn", "TOTP", "SAML", "push")
    },
    "flag OAuth": {"history": False, "audit": False, "OAuth": {"google": True}},
    "freshlyMigrated": {"history": False, "audit": False, "customAttributes": {"freshlyMigrated": False}},
}


def test_each_sign_of_life_spares_its_user(any_place: Place) -> None:
    """A sign-in in the history or the trail alone, each credential, freshlyMigrated false: signed_in, and untouched."""
    place = any_place
    before = migrated(place, users=14)
    ids = arrived_ids(place)[: len(SIGNS)]
    for user_id, sign in zip(ids, SIGNS.values(), strict=True):
        place.sandbox.control.sign_in(target_of(place, user_id), **sign)
    alive = Project.now(place)

    planned = place.forked("undo", "--dry-run", "--json")
    undone = place.forked("undo", "--yes", "--json")

    expected = [{"docebo_user_id": user_id, "reason": "signed_in"} for user_id in ids]
    assert (planned.code, planned.document["outcome"]) == (0, "dry_run")
    assert planned.document["counts"] == undone.document["counts"] == NOTHING | {"deleted": 2, "spared": len(SIGNS)}
    assert (undone.code, undone.document["spared"]) == (3, expected)
    check_undone(place, before, undone)
    now = Project.now(place).users
    assert all(now[target_of(place, user_id)] == alive.users[target_of(place, user_id)] for user_id in ids)
    listed = (place.folder / "reports" / "spared.csv").read_text().splitlines()
    assert listed == ["docebo_user_id,reason", *(f"{user_id},signed_in" for user_id in ids)]
    assert place.forked("undo", "--yes", "--json").code == 3


EDITS: dict[str, dict[str, Any]] = {
    "another name": {"name": "Somebody Else"},
    "another status": {"status": "disabled"},
    "an attribute more": {"customAttributes": {"newsletter": True}},
    "an attribute of ours changed": {"customAttributes": {"doceboUsername": "other"}},
    "no freshlyMigrated": {"customAttributes": {"freshlyMigrated": None}},
    "no mark": {"customAttributes": {"doceboUserId": None}},
    "a role": {"roleNames": ["Tenant Admin"]},
    "a login id more": {"loginIds": ["own", "second"]},
    "another verified flag": {"verifiedEmail": None},
}


def test_each_edit_spares_its_user(place: Place) -> None:
    """Any difference to what was sent, whichever field it is in: edited."""
    migrated(place, users=13, strangers=0)
    ids = arrived_ids(place)[: len(EDITS)]
    for user_id, edit in zip(ids, EDITS.values(), strict=True):
        target = target_of(place, user_id)
        user = Project.now(place).users[target]
        if "verifiedEmail" in edit:
            edit = {"verifiedEmail": not user["verifiedEmail"]}  # noqa: PLW2901
        if "loginIds" in edit:
            edit = {"loginIds": [*user["loginIds"], "second"]}  # noqa: PLW2901
        place.sandbox.control.patch_descope_user(target, **edit)

    undone = place.forked("undo", "--yes", "--json", "--force-unknown")

    assert undone.document["spared"] == [{"docebo_user_id": user_id, "reason": "edited"} for user_id in ids]
    assert (undone.code, undone.document["counts"]) == (3, NOTHING | {"deleted": 4, "spared": len(ids)})


@pytest.mark.parametrize("switch", ["history", "audit"])
def test_where_nobody_can_tell_everybody_is_spared(any_place: Place, switch: str) -> None:
    """A key that may not ask: unknown, nothing is written; --force-unknown undoes them all the same."""
    place = any_place
    before = migrated(place)
    place.sandbox.control.set_switches(descope={switch: "refused"})
    sent = writes(place)

    spared = place.forked("undo", "--yes", "--json")

    assert (spared.code, spared.document["counts"]) == (3, NOTHING | {"spared": 9})
    assert ({one["reason"] for one in spared.document["spared"]}, writes(place)) == ({"unknown"}, sent)
    forced = place.forked("undo", "--yes", "--json", "--force-unknown")
    assert (forced.code, forced.document["counts"]) == (0, NOTHING | {"deleted": 9})
    check_undone(place, before, forced)


@pytest.mark.parametrize(("refused", "shown"), [("history", {"history": False}), ("audit", {"audit": False})])
def test_what_can_be_asked_is_asked_whatever_is_forced(place: Place, refused: str, shown: dict[str, bool]) -> None:
    """One of the two is refused, the other one shows a sign-in: signed_in, and --force-unknown does not overrule it."""
    migrated(place, strangers=0)
    alive = arrived_ids(place)[0]
    place.sandbox.control.sign_in(target_of(place, alive), **shown)
    place.sandbox.control.set_switches(descope={refused: "refused"})

    undone = place.forked("undo", "--yes", "--json", "--force-unknown")

    assert undone.document["spared"] == [{"docebo_user_id": alive, "reason": "signed_in"}]
    assert undone.document["counts"] == NOTHING | {"deleted": 11, "spared": 1}


def test_without_paced_limits_it_works_as_well(place: Place) -> None:
    """`rate_limits: none` knows no limit for the audit trail either."""
    place.configure(descope={"rate_limits": "none"})
    before = migrated(place)

    undone = place.forked("undo", "--yes", "--json")

    assert undone.code == 0
    check_undone(place, before, undone)


def test_a_migration_older_than_the_audit_trail_is_spared(place: Place) -> None:
    """Beyond 30 days a silent history proves nothing."""
    migrated(place, users=4, strangers=0)
    old = arrived_ids(place)[0]
    user = Project.now(place).users[target_of(place, old)]
    place.sandbox.control.put_descope_user({**user, "createdTime": user["createdTime"] - 31 * 86_400})

    undone = place.forked("undo", "--yes", "--json")

    assert undone.document["spared"] == [{"docebo_user_id": old, "reason": "unknown"}]
    assert undone.document["counts"] == NOTHING | {"deleted": 3, "spared": 1}


def test_a_clock_that_is_ahead_of_descope_spares_nobody(place: Place) -> None:
    """The trail is read from the first run on by Descope's clock, whatever ours says."""

    class Ahead(Clock):
        def time(self) -> float:
            return super().time() + 3 * 3600

    place.sandbox.control.reset(users=4, difficult=0)
    place.migrate(Ahead())

    undone = undo_migration(place.config, RunOptions(command="undo"), Ahead(), RunEvents())

    assert undone.tally.counts() == NOTHING | {"deleted": 4}


@pytest.mark.parametrize("twice", ["ok", "404"])
def test_whoever_is_gone_already_counts_as_gone(place: Place, twice: str) -> None:
    """Somebody deleted by hand is no error, and the others go all the same."""
    before = migrated(place)
    place.sandbox.control.set_switches(descope={"delete_batch_twice": twice})
    place.sandbox.control.delete_descope_user(target_of(place, arrived_ids(place)[0]))

    undone = place.forked("undo", "--yes", "--json")

    assert (undone.code, undone.document["counts"]) == (0, NOTHING | {"deleted": 8, "gone": 1})
    check_undone(place, before, undone)


def test_nobody_is_undone_whom_the_plan_did_not_see(place: Place) -> None:
    """Where reads lag, a plan may show nobody, so that nobody is asked: who is seen later has failed, and is there."""
    migrated(place, strangers=0)
    place.sandbox.control.set_switches(descope={"get_lag": 3600})
    sent = writes(place)

    class Late(RunEvents):
        def stage(self, name: str) -> None:
            if name == "undo":
                place.sandbox.control.set_switches(descope={"get_lag": 0})

    report = undo_migration(place.config, RunOptions(command="undo"), Clock(), Late(), confirm=lambda _tally: False)

    assert (report.tally.counts(), writes(place)) == (NOTHING | {"failed": 12}, sent)
    assert place.forked("undo", "--yes", "--json").document["counts"] == NOTHING | {"deleted": 12}


def test_whoever_is_gone_from_docebo_is_undone_too(place: Place) -> None:
    """Created, then deleted in Docebo: the user in Descope is ours as before, and goes; the next run invents nobody."""
    before = migrated(place)
    left = arrived_ids(place)[0]
    place.sandbox.control.delete_docebo_user(left)
    assert place.forked("run", "--yes").code in (0, 3)
    assert oracle.read_rows(place.checkpoint, place)[left]["state"] == "vanished"

    undone = place.forked("undo", "--yes", "--json")

    assert (undone.code, undone.document["counts"]["deleted"]) == (0, 9)
    check_undone(place, before, undone)
    assert place.forked("run", "--yes", "--json").document["actions"]["create"] == 8


def test_a_stranger_in_the_place_of_a_deleted_user_is_not_deleted(place: Place) -> None:
    """Ours was deleted, a stranger took the address and was linked: an undo restores the stranger."""
    place.configure(policy={"existing": "link"})
    migrated(place, strangers=0)
    user_id = arrived_ids(place)[0]
    address = Project.now(place).users[target_of(place, user_id)]["email"]
    place.sandbox.control.delete_descope_user(target_of(place, user_id))
    place.sandbox.control.put_descope_user({"loginIds": [address], "email": address, "name": "Own Name"})
    before = Project.now(place)
    assert place.forked("run", "--yes", "--retry", "missing", "--retry", "deleted_at_descope").code in (0, 3)
    assert place.forked("run", "--yes", "--retry", "all").code in (0, 3)

    place.forked("undo", "--yes", "--json", "--force-unknown")

    stranger = next(user for user in before.users.values() if user["name"] == "Own Name")
    assert stranger["userId"] in Project.now(place).users


def person(user_id: str, **fields: Any) -> dict[str, Any]:
    """A plain Docebo record."""
    mail = f"u{user_id}@example.org"
    names = {"first_name": "Ana", "last_name": f"Of {user_id}", "fullname": f"Ana Of {user_id}"}
    return {"user_id": user_id, "username": f"u{user_id}", "email": mail, "status": "1", **names, **fields}
