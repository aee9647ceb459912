"""Behind a migration everybody lands in their own Docebo account, and each mistake of the claim shows as what it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from landing import Front, Where, attribute, email, is_active, login_id
from undo_world import target_of

if TYPE_CHECKING:
    from world import Place

NAME = "doceboUsername"
OWN_NAME = attribute(NAME)


def migrated(place: Place, users: int, difficult: float = 0, **settings: Any) -> list[dict[str, Any]]:
    """A migration; the records of the active people who are at Descope by it."""
    place.sandbox.control.reset(users=users, difficult=difficult)
    place.configure(mapping=settings)
    return run(place)


def foretold(place: Place, claim: str = NAME, match: str = "exact") -> tuple[int, int, dict[str, int]]:
    """How many land of how many, and the classes, by SSO readiness; told before anybody signs in."""
    place.configure(sso={"claim": claim, "match": match})
    sso = place.forked("status", "--json").document["sso"]
    assert sso["unknown"] == 0
    classes = {name: users for name, users in sso["classes"].items() if name != "superadmin_keep_local_login"}
    return sso["lands"], sso["of"], classes


def run(place: Place) -> list[dict[str, Any]]:
    """One run; whom of Docebo's active people it has brought to Descope."""
    assert place.forked("run", "--yes").code in (0, 3)
    rows = oracle.read_rows(place.checkpoint, place)
    arrived = {user_id for user_id, row in rows.items() if row["state"] in ("created", "updated", "unchanged")}
    return [one for one in place.sources() if is_active(one) and str(one["user_id"]) in arrived]


def test_two_thousand_people_land_in_their_own_accounts(place: Place) -> None:
    """Lazily, and once more with what they set up: no second account; Docebo and Descope say the same afterwards."""
    people = migrated(place, 2000, difficult=0.05)
    accounts = {str(one["user_id"]) for one in place.sources()}
    assert foretold(place) == (len(people), len(people), {})
    front = Front(place, OWN_NAME)

    first, again = front.arrive_all(people), front.arrive_all(people[:100])

    assert (first, again) == ({Where.OWN: len(people)}, {Where.OWN: 100})
    assert len(people) > 1900
    assert front.set_up == len(people)
    assert {str(one["user_id"]) for one in place.sources()} == accounts
    told = place.forked("status", "--signed-in", "--json").document["signed_in"]
    assert (told["classes"]["signed_in"], told["classes"]["unknown"], told["classes"]["gone"]) == (len(people), 0, 0)
    assert told["disputes"] == {"trail_alone": 0, "history_alone": 0, "flag_alone": 0}
    after = place.forked("run", "--yes", "--json")
    assert {kind: number for kind, number in after.document["actions"].items() if number and kind != "nothing"} == {}
    assert front.arrive_all(people[:20]) == {Where.OWN: 20}  # and nobody has to set a credential again
    assert front.set_up == len(people)


def test_whoever_is_not_at_descope_or_not_active_lands_nowhere(place: Place) -> None:
    """Suspended, expired, rejected, in conflict: the flow stops them, and makes neither a user nor an account."""
    people = migrated(place, 200, difficult=0.4)
    others = [one for one in place.sources() if one not in people]
    before = len(place.targets()), len(place.sources())

    landed = Front(place, OWN_NAME).arrive_all(others)

    assert (landed, len(others) > 30) == ({Where.STOPPED: len(others)}, True)
    assert (len(place.targets()), len(place.sources())) == before


@pytest.mark.parametrize("creation", ["on", "off"])
def test_the_address_as_claim_doubles_whoever_has_another_user_name(place: Place, creation: str) -> None:
    """A second account for each of them, or with automatic creation off a refusal; the others are at home."""
    people = migrated(place, 200)
    other = [one for one in people if one["username"] != one["email"].lower()]
    place.sandbox.control.set_switches(relying_party={"creation": creation})
    told = foretold(place, "email")

    landed = Front(place, email).arrive_all(people)

    assert told[:2] == (landed[Where.OWN], len(people))
    assert sum(told[2].values()) == len(other)
    lost = Where.SECOND if creation == "on" else Where.REFUSED
    assert landed == {Where.OWN: len(people) - len(other), lost: len(other)}
    assert 40 < len(other) < 80
    assert len(place.sources()) == 200 + (len(other) if creation == "on" else 0)


def test_where_docebo_matches_addresses_the_address_is_the_right_claim(place: Place) -> None:
    """Then the user name as claim is the mistake, for everybody with another one."""
    people = migrated(place, 200)
    other = [one for one in people if one["username"] != one["email"]]
    place.sandbox.control.set_switches(relying_party={"match": "email"})

    by_address = Front(place, email).arrive_all(people)
    by_name = Front(place, OWN_NAME).arrive_all(people)

    assert by_address == {Where.OWN: len(people)}
    assert by_name == {Where.OWN: len(people) - len(other), Where.SECOND: len(other)}


@pytest.mark.parametrize(("case", "lost"), [("exact", 7), ("ignored", 0)])
def test_case_alone_doubles_people_where_docebo_minds_it(place: Place, case: str, lost: int) -> None:
    """User names in capitals: the lower-cased address is another name to an exact match; the name itself never is."""
    people = migrated(place, 60)
    capitals = [one for one in people if one["username"] == one["email"]][:7]
    for one in capitals:
        place.sandbox.control.patch_docebo_user(one["user_id"], username=one["username"].title())
    people = [one for one in run(place) if one["username"].lower() == one["email"].lower()]
    place.sandbox.control.set_switches(relying_party={"case": case})
    told = foretold(place, "email", "exact" if case == "exact" else "ignore_case")

    by_address = Front(place, email).arrive_all(people)

    assert (by_address[Where.SECOND], by_address[Where.OWN]) == (lost, len(people) - lost)
    assert told[2]["case_only"] == 7
    assert told[1] - told[0] == told[2].get("email_is_not_username", 0) + lost
    # The second accounts have the lower-cased names, so that a platform blind to case would now know two.
    assert Front(place, OWN_NAME).arrive_all(people) == {Where.OWN: len(people)}


def test_a_login_id_that_is_the_user_name_is_a_right_claim(place: Place) -> None:
    """With `mapping.login_id: username` people type it in as Docebo has it, and the token says it as Docebo has it."""
    people = migrated(place, 100, login_id="username")
    assert foretold(place, "login_id") == (len(people), len(people), {})
    front = Front(place, login_id)

    landed = Counter(front.arrive(one, one["username"]) for one in people)

    assert landed == {Where.OWN: len(people)}
    assert any(one["username"] != one["username"].lower() for one in people)


def test_one_claim_value_for_two_people_leads_into_a_foreign_account(place: Place) -> None:
    """Somebody gave two users one name: the second person sits in the first one's account, worse than doubled."""
    people = migrated(place, 20)
    one, other = people[:2]
    changed = {"customAttributes": {NAME: one["username"]}}
    place.sandbox.control.patch_descope_user(target_of(place, str(other["user_id"])), **changed)

    landed = Front(place, OWN_NAME).arrive_all(people)

    assert landed == {Where.OWN: len(people) - 1, Where.FOREIGN: 1}
    assert place.forked("verify").code == 3  # which a verification names
    assert foretold(place) == (len(people) - 1, len(people), {"claim_differs": 1})


@pytest.mark.parametrize("several", ["refused", "first"])
def test_an_address_that_two_accounts_share_leads_one_of_them_astray(place: Place, several: str) -> None:
    """Docebo matches addresses, and another account has the same one: refused, or the older account, whoever comes."""
    people = migrated(place, 20)
    shared = max(people, key=lambda one: int(one["user_id"]))
    older = min(int(one["user_id"]) for one in people) - 1
    double = {**shared, "user_id": str(older), "username": "double", "encoded_username": "double"}
    place.sandbox.control.put_docebo_user(double)
    place.sandbox.control.set_switches(relying_party={"match": "email", "several": several})

    landed = Front(place, email).arrive_all(people)

    astray = Where.REFUSED if several == "refused" else Where.FOREIGN
    assert landed == {Where.OWN: len(people) - 1, astray: 1}


def test_a_missing_claim_is_refused_and_makes_no_account(place: Place) -> None:
    """An attribute that somebody removed, and a claim that the token does not carry at all."""
    people = migrated(place, 20)
    for one in people[:3]:
        target = target_of(place, str(one["user_id"]))
        place.sandbox.control.patch_descope_user(target, customAttributes={NAME: None})

    assert place.forked("verify").code == 3
    told = foretold(place)
    some = Front(place, OWN_NAME).arrive_all(people)
    nobody = Front(place, attribute("noSuchAttribute")).arrive_all(people)

    assert told == (len(people) - 3, len(people), {"claim_missing": 3})
    assert some == {Where.OWN: len(people) - 3, Where.REFUSED: 3}
    assert nobody == {Where.REFUSED: len(people)}
    assert len(place.sources()) == 20


def test_renamed_in_docebo_they_are_lost_until_the_next_run(place: Place) -> None:
    """A user name that changed behind the last run makes a second account; a catch-up run before prevents that."""
    people = migrated(place, 20)
    for one in people[:4]:
        place.sandbox.control.patch_docebo_user(one["user_id"], username=f"renamed-{one['user_id']}")

    without = Front(place, OWN_NAME).arrive_all(people[:2])
    run(place)
    behind = Front(place, OWN_NAME).arrive_all(people[2:])

    assert (without, behind) == ({Where.SECOND: 2}, {Where.OWN: len(people) - 2})
