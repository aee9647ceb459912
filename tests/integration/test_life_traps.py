"""Traps of a long life: who disabled whom, what a "no" leaves behind, and ways out that must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from crash_trials import die_at
from lives import change, put, target
from runs import CREATE, calls, go

if TYPE_CHECKING:
    from world import Place

NO_MOVE = {"kind": "status", "path": "update/email$", "nth": 1, "params": {"code": 403}, "when": "before"}


def rows(place: Place) -> dict[str, dict[str, Any]]:
    return oracle.read_rows(place.checkpoint, place)


def delete_at_descope(place: Place, user_id: str) -> None:
    place.sandbox.control.delete_descope_user(target(place, user_id)["userId"])


# --- who disabled whom -----------------------------------------------------------------------------


def test_b13_an_admins_disabling_outlives_a_suspension_in_docebo(place: Place) -> None:
    """Disabled in Descope first, then suspended and brought back in Docebo: it was not us, so nobody is enabled."""
    user_id = put(place, 0)
    go(place)
    place.sandbox.control.put_descope_user({**target(place, user_id), "status": "disabled"})
    for status in ("0", "1"):
        change(place, user_id, status=status)
        assert go(place).code == 0

    assert target(place, user_id)["status"] == "disabled"


@pytest.mark.parametrize("how", ["a stop", "a taken address"])
def test_b13_whom_we_disabled_half_way_is_enabled_again(place: Place, how: str) -> None:
    """The suspension went through, the new address did not: that it was us is not forgotten."""
    user_id = put(place, 0)
    place.sandbox.control.put_descope_user({"loginIds": ["taken@example.org"], "email": "taken@example.org"})
    go(place)
    change(place, user_id, status="0", email="moved@example.org")
    if how == "a stop":
        place.sandbox.control.set_faults(NO_MOVE)
    else:
        place.sandbox.control.set_switches(descope={"patch_conflict": "keep"})
        place.sandbox.control.put_descope_user({"loginIds": ["moved@example.org"], "email": "moved@example.org"})
    go(place)
    assert target(place, user_id)["status"] == "disabled"

    change(place, user_id, status="1", email="u0@example.org")
    assert go(place).code == 0

    assert target(place, user_id)["status"] == "enabled"


def test_b13_whom_a_killed_run_disabled_is_enabled_again(place: Place) -> None:
    """The run dies between the patch and the storing of its outcome: that it was us is not forgotten."""
    user_id = put(place, 0)
    go(place)
    for moment in range(3):
        change(place, user_id, status="0", email=f"moved{moment}@example.org")
        points = die_at(0, lambda: go(place, dry_run=True)).points
        at = len(points)
        while target(place, user_id)["status"] == "enabled":
            at += 1
            assert die_at(at + moment, lambda: go(place)).killed
        change(place, user_id, status="1")
        assert go(place).code == 0
        assert target(place, user_id)["status"] == "enabled"


def test_b13_where_nobody_noted_who_disabled_a_user_a_person_is_told(place: Place) -> None:
    """An older version did not note it: the run ends with 3, and with 0 once somebody enabled the user in Descope."""
    user_id = put(place, 0, status="0")
    go(place)
    unknown = {"disabled_by_us": None, "sent_fields": None}
    place.sandbox.control.clear_journal()
    forget(place, unknown)
    change(place, user_id, status="1")

    assert [go(place).code, go(place).code] == [3, 3]
    assert target(place, user_id)["status"] == "disabled"
    place.sandbox.control.put_descope_user({**target(place, user_id), "status": "enabled"})
    assert go(place).code == 0


def forget(place: Place, columns: dict[str, Any]) -> None:
    """Set columns of everybody, as an older version would have left them."""
    from sqlalchemy import create_engine, update  # noqa: PLC0415 -- only here

    from migrator.checkpoint.db.tables import source_user  # noqa: PLC0415 -- as above

    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    with engine.begin() as connection:
        connection.execute(update(source_user).values(**columns))
    engine.dispose()


def test_b1_rows_of_an_older_version_stay_ours_without_the_attribute(place: Place) -> None:
    """Who made a user was not noted then, and `freshlyMigrated` is gone: nothing is linked here, so it is ours."""
    user_id = put(place, 0)
    go(place)
    forget(place, {"origin": None, "sent_fields": None})
    was = target(place, user_id)
    fewer = {name: value for name, value in was["customAttributes"].items() if name != "freshlyMigrated"}
    place.sandbox.control.put_descope_user({**was, "customAttributes": fewer})
    change(place, user_id, status="0")

    go(place)

    assert target(place, user_id)["status"] == "disabled"


def test_b14_who_takes_an_account_over_is_followed_as_before(place: Place) -> None:
    """Deleted in Docebo and made anew, linked, then suspended and brought back: the account is ours as before."""
    ids = [put(place, number) for number in range(12)]
    go(place)
    place.sandbox.control.delete_docebo_user(ids[0])
    new = put(place, 50, email="u0@example.org")
    place.configure(policy={"existing": "link"})
    go(place)
    for status, expected in (("0", "disabled"), ("1", "enabled")):
        change(place, new, status=status)
        assert go(place).code == 0
        assert target(place, new)["status"] == expected


# --- leaving ---------------------------------------------------------------------------------------


def test_b13_one_leaver_that_descope_chokes_on_holds_nobody_up(place: Place) -> None:
    """It is told as still enabled, and everybody else is sent; when Descope answers again it is disabled."""
    ids = [put(place, number) for number in range(3)]
    go(place)
    change(place, ids[0], status="0", email="")
    new = put(place, 9)
    place.sandbox.control.set_faults({"kind": "status", "path": "patch/batch$", "every": 1, "params": {"code": 500}})

    first = go(place)

    assert first.code == 3
    assert target(place, new)["status"] == "enabled"
    assert rows(place)[ids[0]]["still_enabled"] == 1
    place.sandbox.control.clear_faults()
    assert go(place).code == 3  # the address is missing still
    assert target(place, ids[0])["status"] == "disabled"
    assert rows(place)[ids[0]]["still_enabled"] is None


def test_b13_a_plan_says_how_many_leavers_will_be_disabled(place: Place) -> None:
    """What a run does to people who left stands in the plan."""
    ids = [put(place, number) for number in range(3)]
    go(place)
    change(place, ids[0], status="0", email="")

    planned = place.forked("plan", "--json")
    assert planned.document["leavers"] == 1
    assert target(place, ids[0])["status"] == "enabled"
    go(place)

    assert target(place, ids[0])["status"] == "disabled"
    assert place.forked("plan", "--json").document["leavers"] == 0


@pytest.mark.parametrize("policy", [{"update": {"status": "target_wins"}}, {"existing": "link"}])
def test_b13_whose_status_is_not_ours_keeps_it(place: Place, policy: dict[str, Any]) -> None:
    """Linked users, and everybody under `status: target_wins`, are not disabled, whatever else is wrong with them."""
    place.configure(policy=policy)
    if "existing" in policy:
        place.sandbox.control.put_descope_user({"loginIds": ["u0@example.org"], "email": "u0@example.org"})
    user_id = put(place, 0)
    go(place)
    change(place, user_id, status="0", email="")

    assert go(place).code == 3

    assert target(place, user_id)["status"] == "enabled"


# --- what is not confirmed -------------------------------------------------------------------------


def test_b4_exit_2_binds_no_mapping(place: Place) -> None:
    """`run --remap` with another mapping's plan is refused, and the next plain run knows nothing of the new one."""
    ids = [put(place, number) for number in range(12)]
    go(place)
    delete_at_descope(place, ids[3])
    go(place)
    place.forked("plan", "--out", "old.jsonl")
    before = rows(place)
    place.configure(mapping={"attributes": {"city": "field_4"}})

    assert place.forked("run", "--yes", "--remap", "--plan", "old.jsonl").code == 2

    assert rows(place) == before
    place.configure(mapping={"attributes": {}})
    assert go(place).reasons == {"deleted_at_descope": 1}


@pytest.mark.parametrize("asked", ["retry", "remap"])
def test_b4_a_no_is_a_no(place: Place, asked: str) -> None:
    """Whatever was asked for and then not confirmed is forgotten: the next run does not do it."""
    ids = [put(place, number) for number in range(12)]
    go(place)
    delete_at_descope(place, ids[3])
    go(place)
    if asked == "remap":
        place.configure(mapping={"attributes": {"city": "field_4"}})
    options: dict[str, Any] = {"retry": ("deleted_at_descope",)} if asked == "retry" else {"remap": True}

    said = go(place, confirm=lambda _figures: False, **options)

    assert said.code == 4
    assert len(place.targets()) == 11
    if asked == "remap":
        assert go(place).code == 2
        place.configure(mapping={"attributes": {}})
    assert go(place).reasons == {"deleted_at_descope": 1}
    assert len(place.targets()) == 11


def test_b4_a_plan_takes_nothing_from_what_verify_sees(place: Place) -> None:
    """A plan with another mapping opens everybody; `verify` afterwards still looks at everybody who arrived."""
    ids = [put(place, number) for number in range(12)]
    go(place)
    delete_at_descope(place, ids[3])
    place.configure(mapping={"attributes": {"city": "field_4"}})
    place.forked("plan", "--remap")
    place.configure(mapping={"attributes": {}})

    verified = place.forked("verify", "--json")

    assert verified.code == 3
    assert verified.document["classes"]["missing"] == 1


def test_b3_a_difference_is_not_hidden_by_a_limit(place: Place) -> None:
    """Users known to be wrong keep a run at exit 3, also when it leaves them out."""
    place.configure(mapping={"attributes": {"city": "field_4"}})
    ids = [put(place, number, field_4="Rome") for number in range(4)]
    place.sandbox.control.set_switches(descope={"ignored_attribute": "city"})
    assert go(place).code == 3
    for user_id in ids:
        change(place, user_id, fullname="A New Name")

    assert go(place, limit=1).code == 3


# --- ways out --------------------------------------------------------------------------------------


def test_b8_users_who_are_really_bad_are_listed_in_the_end(place: Place) -> None:
    """A dozen newcomers are refused alike night after night: a stop at first, and a list after three such nights."""
    for number in range(12):
        put(place, number)
    place.sandbox.control.set_faults({"kind": "status", "path": CREATE, "every": 1, "params": {"code": 400}})

    nights = [go(place).code for _ in range(5)]

    assert nights == [4, 4, 4, 3, 3]
    asked = len(calls(place, CREATE))
    assert go(place).reasons == {"refused": 12}
    assert len(calls(place, CREATE)) == asked


def test_b8_good_users_behind_bad_ones_are_tried(place: Place) -> None:
    """The first hundred are refused alike; the other end of the list shows that it is about them."""
    ids = [put(place, number) for number in range(150)]
    bad = [user["email"] for user in place.sources() if user["user_id"] in sorted(ids)[:100]]
    place.sandbox.control.set_switches(descope={"refuse_logins": bad})

    ended = go(place)

    assert (ended.code, ended.counts) == (3, {"found": 150, "created": 50, "failed": 100})


def test_b8_whom_a_person_asks_for_again_proves_nothing(place: Place) -> None:
    """`--retry refused` of users who are bad ends with the list, not with a stop every night."""
    ids = [put(place, number) for number in range(24)]
    bad = [user["email"] for user in place.sources() if user["user_id"] in sorted(ids)[:12]]
    place.sandbox.control.set_switches(descope={"refuse_logins": bad})

    assert [go(place).code, go(place, retry=("refused",)).code, go(place).code] == [3, 3, 3]


@pytest.mark.parametrize("keys", ["ignore", "reject"])
def test_hidden_test_users_are_neither_missing_nor_stop_a_run(place: Place, keys: str) -> None:
    """A pattern of the project makes migrated users test users, which lists leave out unless asked for."""
    switches = {"test_users_pattern": "^u", "load_hides_test_users": "on", "unknown_keys": keys}
    place.sandbox.control.set_switches(descope=switches)
    ids = [put(place, number) for number in range(20)]
    assert go(place).code == 0
    change(place, ids[0], status="0", email="")

    assert go(place).code == 3

    assert target(place, ids[0])["status"] == "disabled"
    assert rows(place)[ids[1]]["verdict"] == "same"
    assert place.forked("verify", "--json").document["classes"]["missing"] == 0
