"""Histories that were lived once and ended badly, told step by step to the same judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from history_commands import RETRIES
from history_life import Life, hurry, shelf_of

if TYPE_CHECKING:
    from history_commands import Shelf
    from world import Place

ANN, BOB, CLEO, DAN = range(4)  # addresses of the pool
ANN_NAME, JSMITH, _, PHONE, PHONE_BARE, _, EMP_7 = range(7)  # user names of the pool


@pytest.fixture
def shelf(place: Place, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Two checkpoints."""
    hurry(monkeypatch)
    return shelf_of(place)


def life_of(shelf: Shelf, *, crowd: int = 0, **mapping: object) -> Life:
    """Ann (1) and Bob (2) in Docebo, perhaps with a crowd; nothing migrated yet."""
    life = Life(shelf, **mapping)
    life.world.crowd(crowd)
    life.world.hire(ANN, ANN_NAME, 0)
    life.world.hire(BOB, JSMITH, 1)
    return life


@pytest.mark.parametrize("level", ["admin", "user"])
@pytest.mark.parametrize("at", range(1, 17))
def test_a1_rights_lost_during_a_run_make_nobody_vanish(shelf: Shelf, at: int, level: str) -> None:
    """Before whichever request the rights go, nobody is called gone; once they are back, everybody arrives."""
    life = life_of(shelf, crowd=10)
    life.run_until(at, lambda: life.world.lose_rights(level, 2))
    life.world.give_rights_back()

    assert life.run_twice().code == 0


@pytest.mark.parametrize("at", range(3, 9))
def test_a1_a_killed_first_run_and_a_short_list(shelf: Shelf, at: int) -> None:
    """A first run dies behind its sweep, then the list is short: nobody is called gone."""
    life = life_of(shelf, crowd=10)
    life.killed_run(30)
    life.run_until(at, lambda: life.world.lose_rights("admin", 1))
    life.world.give_rights_back()

    life.run_twice()


def test_a2_a_difference_is_not_forgotten(shelf: Shelf) -> None:
    """A value that Descope does not keep needs a person in every run, not only in the first."""
    life = life_of(shelf)
    life.world.control.set_switches(descope={"ignored_attribute": "city"})

    assert [life.run().code for _ in range(3)] == [3, 3, 3]
    life.verify()


def test_a2_a_value_that_was_dropped_is_told_after_the_next_change_as_well(shelf: Shelf) -> None:
    """Descope did not keep the city; then the name changes in Docebo: the city is no edit of a person's."""
    life = life_of(shelf)
    life.world.control.set_switches(descope={"ignored_attribute": "city"})
    life.run()
    life.world.rename("1", 2)

    assert [life.run().code for _ in range(2)] == [3, 3]
    assert life.verify().code == 3


def test_a_plan_foresees_an_address_that_a_stranger_signs_in_with(shelf: Shelf) -> None:
    """Login ids are user names; Ann's new address is a stranger's login id: plan and run call it a conflict."""
    life = life_of(shelf, login_id="username")
    life.run()
    life.world.sign_up(["dan@acme.example"], 2)
    life.world.move("1", DAN)

    assert life.plan_and_run().counts["conflict"] == 1
    life.run()


def test_a3_a_second_checkpoint_after_a_changed_address(shelf: Shelf) -> None:
    """Planned from one checkpoint, run from another, moved in Docebo: the first one finds her by the mark."""
    life = life_of(shelf)
    life.plan()
    life.commands.other_checkpoint()
    life.run()
    life.world.move("1", DAN)
    life.commands.other_checkpoint()

    life.run_twice()
    life.verify()


def test_a3_a_restored_checkpoint(shelf: Shelf) -> None:
    """Yesterday's checkpoint does not know who came since, and who moved: the mark does."""
    life = life_of(shelf)
    life.run()
    life.commands.back_up()
    life.world.hire(CLEO, EMP_7, 2)
    life.run()
    life.world.move("3", DAN)
    life.commands.restore()

    life.run_twice()
    life.verify()


def test_a3_a_search_by_mark_that_was_cut(shelf: Shelf) -> None:
    """An answer that holds fewer users than its total says is not the whole answer."""
    life = life_of(shelf)
    life.run()
    life.world.move("1", DAN)
    life.world.move("2", CLEO)
    life.commands.other_checkpoint()
    cut = {"kind": "cut_json", "api": "descope", "path": "user/search", "nth": 1, "params": {"valid": True}}
    life.world.control.set_faults(cut)
    life.world.tell("one search is cut")
    life.run_until(10**6, lambda: None)
    life.world.control.clear_faults()

    life.run_twice()
    life.verify()


def test_a4_who_arrived_keeps_the_login(shelf: Shelf) -> None:
    """Bob gets Ann's address in Docebo; then Ann is suspended: she is the one who has the login, and is disabled."""
    life = life_of(shelf)
    life.run()
    life.world.change("2", email=life.world.people["1"]["email"])
    life.run_twice()
    life.world.change("1", status="0")

    life.run_twice()

    assert [account["status"] for account in life.judge.owned(life.world.accounts(), "1")] == ["disabled"]


@pytest.mark.parametrize("existing_login", ["overwrite", "tolerate", "reject"])
def test_a5_a_phone_with_punctuation_is_one_login_id(shelf: Shelf, existing_login: str) -> None:
    """A stranger signed up with the phone that is a user name in Docebo, in another spelling: a conflict, untouched."""
    life = life_of(shelf, login_id="username")
    life.world.control.set_switches(descope={"existing_login": existing_login})
    life.world.hire(CLEO, PHONE, 2)
    life.world.sign_up(["+390255500001"], 3)

    life.plan_and_run()
    life.run_twice()

    assert life.commands.read_rows()["3"]["reason"] == "login_taken"


def test_a5_a_created_user_with_a_phone_is_recognised(shelf: Shelf) -> None:
    """Created under `+39 02 …`, answered as `+3902…`: the same user."""
    life = life_of(shelf, login_id="username")
    life.world.hire(CLEO, PHONE, 2)

    life.plan_and_run()
    life.verify()


def test_a6_an_extra_login_id_links_nobody(shelf: Shelf) -> None:
    """A stranger who has Bob's user name, and another address, is not Bob."""
    life = life_of(shelf, extra=True)
    life.commands.set_policy(existing="link")
    life.world.sign_up(["jsmith", "john@elsewhere.example"], 2)

    life.run()

    assert life.verify().code == 0
    assert life.commands.read_rows()["2"]["reason"] == "login_taken"


def test_b1_a_cleaned_up_attribute_does_not_make_a_stranger(shelf: Shelf) -> None:
    """`freshlyMigrated` is gone from an account that we made: its changes are still sent."""
    life = life_of(shelf)
    life.run()
    for number in range(2):
        account = life.world.account(number, ours=True)
        assert account is not None
        life.world.clean_up(account)
    life.world.rename("1", 2)
    life.world.change("2", status="0")

    life.run_twice()
    life.verify()


def test_b2_two_people_are_not_linked_to_one(shelf: Shelf) -> None:
    """A stranger with two login ids, each somebody else's address in Docebo, is at most one of them."""
    life = life_of(shelf)
    life.commands.set_policy(existing="link")
    life.world.sign_up(["ann@acme.example", "bob@acme.example"], 2)

    assert life.plan_and_run().code == 3
    life.run_twice()


def test_b3_who_was_deleted_at_descope_is_missed_and_comes_back(shelf: Shelf) -> None:
    """A run notices that an account is gone, and makes it anew when asked to."""
    life = life_of(shelf, crowd=10)
    life.run()
    account = life.judge.owned(life.world.accounts(), "1")[0]
    life.world.delete_account(account)

    assert life.run().code == 3
    assert life.commands.read_rows()["1"]["reason"] == "deleted_at_descope"
    assert life.run(remap=True).code == 0
    life.run_twice()
    life.verify()


@pytest.mark.parametrize("at", [8, 14, 20, 26, 32, 38])
def test_b4_a_changed_policy_outlives_a_killed_run(shelf: Shelf, at: int) -> None:
    """Linking is allowed, and the first run after that dies: the next one links all the same."""
    life = life_of(shelf)
    life.world.sign_up(["ann@acme.example"], 2)
    life.run_twice()
    life.commands.set_policy(existing="link")
    life.killed_run(at)

    assert life.run_twice().code == 0


def test_b5_an_extra_login_id_that_changes_is_not_forgotten(shelf: Shelf) -> None:
    """A new user name that is an extra login id arrives, or a person is told."""
    life = life_of(shelf, extra=True)
    life.run()
    life.world.rename_login("2", EMP_7)

    life.run_twice()


def test_b5_an_extra_login_id_that_remap_adds(shelf: Shelf) -> None:
    """Extra login ids asked for later arrive, or a person is told."""
    life = life_of(shelf)
    life.run()
    life.commands.set_mapping(extra=True)
    life.run(remap=True)

    life.run_twice()


def test_b6_a_login_that_was_taken_for_a_moment(shelf: Shelf) -> None:
    """Ann moves away, Bob gets her address: at the latest the second run gives it to him."""
    life = life_of(shelf)
    life.run()
    life.world.take_over("1", "2", DAN)
    life.run()

    life.run_twice()


def test_b6_a_newcomer_with_the_address_of_who_moves(shelf: Shelf) -> None:
    """Ann moves away, somebody new gets her address: at the latest the second run makes the new one."""
    life = life_of(shelf)
    life.run()
    life.world.move("1", DAN)
    life.world.hire(ANN, EMP_7, 2)
    life.run()

    life.run_twice()


def test_d_what_a_person_changed_stays(shelf: Shelf) -> None:
    """Only the city changes in Docebo: the name and the address that Ann changed herself at Descope are still hers."""
    life = life_of(shelf)
    life.run()
    account = life.judge.owned(life.world.accounts(), "1")[0]
    life.world.edit(account, name="Ann Own", email="own@home.example", loginIds=["own@home.example"])
    life.world.relocate("1", 0)

    life.run_twice()


@pytest.mark.skipif(not RETRIES, reason="there is no --retry yet")
def test_b3_what_verify_finds_wrong_is_sent_again(shelf: Shelf) -> None:
    """A value that Descope did not keep arrives once it does, when asked for."""
    life = life_of(shelf)
    life.world.forget_city(forgets=True)
    life.run()
    life.world.forget_city(forgets=False)

    assert life.run(retry=("differs",)).code == 0
    life.run_twice()
    assert life.verify().code == 0


@pytest.mark.skipif(not RETRIES, reason="there is no --retry yet")
def test_b3_an_emptied_project_is_filled_again(shelf: Shelf) -> None:
    """A run stops at an emptied project; a verification names everybody, and asked for, all come back."""
    life = life_of(shelf)
    life.run()
    life.world.wipe()

    assert life.run().code == 4
    assert life.verify().classes["missing"] == 2
    assert life.run(retry=("missing",)).code == 0
    life.run_twice()
    assert life.verify().code == 0


def test_a6_a_linked_person_who_moves_in_docebo(shelf: Shelf) -> None:
    """Whom we linked keeps the own login ids; when Docebo asks for another one, a person is told."""
    life = life_of(shelf)
    life.commands.set_policy(existing="link")
    life.world.sign_up(["ann@acme.example"], 2)
    life.run_twice()
    life.world.move("1", DAN)

    life.run_twice()


def test_a_page_of_one_who_changed_and_one_who_is_taken_up_again(shelf: Shelf) -> None:
    """On one page somebody changed and somebody else, left out before, is taken up: both are stored."""
    life = life_of(shelf)
    life.run(limit=1)
    life.world.move("1", DAN)
    life.world.suspend_or_bring_back("2", 1)
    life.commands.set_policy(active_only=True)
    life.run_twice()
    life.world.suspend_or_bring_back("2", 1)
    life.world.move("1", CLEO)

    life.run(retry=("all",)) if RETRIES else life.run(remap=True)
    life.run_twice()


@pytest.mark.parametrize("taken", ["ann@acme.example", "bob@acme.example"])
def test_a_page_with_a_conflict_and_an_arrived_user_who_both_used_docebo(shelf: Shelf, taken: str) -> None:
    """On one page somebody in conflict and somebody who arrived have a new date of last access: both are stored."""
    life = Life(shelf)
    life.world.hire(ANN, ANN_NAME, 0)
    life.world.hire(BOB, JSMITH, 0)
    life.world.sign_up([taken], 2)
    life.run()
    for user_id in ("1", "2"):
        life.world.change(user_id, last_access_date="2025-01-01 10:00:00")

    life.run_twice()
