"""A plan foretells who lands in Docebo as the run then finds it; what was read in Descope outweighs what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from landing import Front, Where, login_id
from undo_world import target_of

if TYPE_CHECKING:
    from world import Ended, Place


def two_people(place: Place, *names: str) -> list[dict[str, Any]]:
    """Two active people with these user names."""
    place.sandbox.control.reset(users=2, difficult=0)
    place.configure()
    for user, name in zip(place.sources(), names, strict=True):
        place.sandbox.control.patch_docebo_user(
            user["user_id"], username=name, status="1", expired=False, level="user",
        )  # fmt: skip
    return place.sources()


def told(ended: Ended) -> tuple[int, dict[str, int]]:
    """Who lands, and the classes."""
    sso = ended.document["sso"]
    assert (sso["of"], sso["unknown"]) == (2, 0)
    return sso["lands"], sso["classes"]


def test_a_further_login_id_is_not_the_claim(any_place: Place) -> None:
    """The claim is the first login id: that another one is the user name helps nobody, in the plan and in the run."""
    place = any_place
    people = two_people(place, "ann", "ben")
    place.configure(mapping={"extra_login_ids": ["username"]}, sso={"claim": "login_id"})

    planned, ran = place.forked("plan", "--json"), place.forked("run", "--yes", "--json")
    verified = place.forked("verify", "--json")

    assert told(planned) == told(ran) == told(verified) == (0, {"email_is_not_username": 2})
    assert Front(place, login_id).arrive_all(people) == {Where.SECOND: 2}


@pytest.mark.parametrize("update", ["source_wins", "target_wins"])
def test_an_address_that_a_person_made_the_user_name_lands(any_place: Place, update: str) -> None:
    """Docebo's address is another text than the user name; in Descope a person set the address that is the name."""
    place = any_place
    ann, _ = two_people(place, "ann@other.example.org", "ben@other.example.org")
    place.configure(sso={"claim": "email"}, policy={"update": {"default": update}})
    assert told(place.forked("run", "--yes", "--json")) == (0, {"email_is_not_username": 2})
    target = target_of(place, str(ann["user_id"]))
    place.sandbox.control.patch_descope_user(target, email="ann@other.example.org")
    place.sandbox.control.patch_docebo_user(ann["user_id"], first_name="Another")

    ran = place.forked("run", "--yes", "--json")
    verified = place.forked("verify", "--json")

    assert told(ran) == told(verified) == (1, {"email_is_not_username": 1})


def test_a_new_address_that_the_policy_does_not_send_is_not_a_matter_of_running_again(any_place: Place) -> None:
    """The address was changed in Docebo and is left as it was in Descope: no further run sends it."""
    place = any_place
    two_people(place, "ann@new.example.org", "ben@new.example.org")
    place.configure(sso={"claim": "email"}, policy={"update": {"default": "target_wins"}})
    assert told(place.forked("run", "--yes", "--json")) == (0, {"email_is_not_username": 2})
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(user["user_id"], email=user["username"])

    ran = place.forked("run", "--yes", "--json")

    assert told(ran) == (0, {"claim_differs": 2})
    assert told(place.forked("verify", "--json")) == (0, {"claim_differs": 2})


def test_who_was_seen_disabled_stays_so_in_the_next_plan(any_place: Place) -> None:
    """A person disabled a user in Descope; a change in Docebo enables nobody, and the plan does not foretell it."""
    place = any_place
    ann, _ = two_people(place, "ann", "ben")
    assert place.forked("run", "--yes").code == 0
    place.sandbox.control.patch_descope_user(target_of(place, str(ann["user_id"])), status="disabled")
    assert told(place.forked("verify", "--json")) == (1, {"disabled": 1})
    place.sandbox.control.patch_docebo_user(ann["user_id"], first_name="Another")

    planned, ran = place.forked("plan", "--json"), place.forked("run", "--yes", "--json")

    assert told(planned) == told(ran) == (1, {"disabled": 1})


def test_whoever_we_disabled_and_enable_again_lands(any_place: Place) -> None:
    """Suspended and active again in Docebo: seen disabled in between, which no longer counts."""
    place = any_place
    ann, _ = two_people(place, "ann", "ben")
    assert place.forked("run", "--yes").code == 0
    place.sandbox.control.patch_docebo_user(ann["user_id"], status="0")
    assert place.forked("run", "--yes").code == 0
    assert place.forked("verify").code == 0
    place.sandbox.control.patch_docebo_user(ann["user_id"], status="1")

    planned, ran = place.forked("plan", "--json"), place.forked("run", "--yes", "--json")

    assert told(planned) == told(ran) == (2, {})


def test_a_disabled_stranger_who_is_linked_stays_disabled(any_place: Place) -> None:
    """Linking enables nobody, which the plan knows before the user was ever read back."""
    place = any_place
    ann, _ = two_people(place, "ann", "ben")
    email = str(ann["email"]).lower()
    place.sandbox.control.put_descope_user({"loginIds": [email], "email": email, "status": "disabled"})
    place.configure(policy={"existing": "link"})

    planned, ran = place.forked("plan", "--json"), place.forked("run", "--yes", "--json")

    assert told(planned) == told(ran) == (1, {"disabled": 1})


def test_a_plan_that_is_not_run_leaves_what_was_seen(any_place: Place) -> None:
    """A person changed a user name in Descope: neither a plan nor a look forgets it until a run mends it."""
    place = any_place
    ann, _ = two_people(place, "ann", "ben")
    assert place.forked("run", "--yes").code == 0
    target = target_of(place, str(ann["user_id"]))
    place.sandbox.control.patch_descope_user(target, customAttributes={"doceboUsername": "eve"})
    assert told(place.forked("verify", "--json")) == (1, {"claim_differs": 1})

    planned, status = place.forked("plan", "--json"), place.forked("status", "--json")
    ran = place.forked("run", "--retry", "differs", "--yes", "--json")

    assert told(planned) == told(status) == (1, {"claim_differs": 1})
    assert told(ran) == (2, {})
