"""Weeks of a migration's life: the login ids of a user move, or stand in somebody's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lives import change, edit, put, reasons, target
from runs import CREATE, calls, go

if TYPE_CHECKING:
    from world import Place

EMAIL = "/v1/mgmt/user/update/email"


@pytest.mark.parametrize("case", ["exact", "insensitive"])
def test_d_a_stranger_with_docebos_own_spelling_is_found(place: Place, case: str) -> None:
    """A server that tells `User@X` from `user@x` must not get a second user for one mailbox."""
    place.sandbox.control.set_switches(descope={"search_case": case})
    put(place, 1, email="Mixed.Case@Example.org")
    place.sandbox.control.put_descope_user({"loginIds": ["Mixed.Case@Example.org"], "email": "Mixed.Case@Example.org"})

    assert go(place).reasons == {"login_taken": 1}

    assert not calls(place, CREATE)


def test_b5_a_changed_user_name_is_a_renamed_extra_login_id(any_place: Place) -> None:
    """`extra_login_ids: [username]`: the old user name goes, the new one comes, the address stays."""
    any_place.configure(mapping={"extra_login_ids": ["username"]})
    ids = [put(any_place, number, username=f"name{number}") for number in range(3)]
    go(any_place)
    change(any_place, ids[0], username="other.name")

    assert go(any_place).code == 0

    assert target(any_place, ids[0])["loginIds"] == ["u0@example.org", "other.name"]
    assert any_place.forked("verify").code == 0


def test_b5_extra_login_ids_asked_for_later_need_a_person(place: Place) -> None:
    """No call adds a login id safely, so that nobody is called unchanged."""
    ids = [put(place, number, username=f"name{number}") for number in range(2)]
    go(place)
    place.configure(mapping={"extra_login_ids": ["username"]})

    assert go(place, remap=True).reasons == {"login_ids_differ": 2}
    was = target(place, ids[0])
    edit(place, was, loginIds=[*was["loginIds"], "name0"])

    assert place.forked("run", "--yes", "--retry", "login_ids_differ").code == 3
    assert reasons(place) == {ids[0]: None, ids[1]: "login_ids_differ"}


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, "E112102", "deleted_at_descope"),
        (400, "E011003", "refused"),
        (409, "E111127", "email_taken"),
    ],
)
def test_a_refused_address_says_why(place: Place, status: int, code: str, reason: str) -> None:
    """Somebody else has the address, the user was deleted a moment ago, or Descope dislikes it: each told as it is.

    The other user of the batch is changed all the same.
    """
    ids = [put(place, number) for number in range(2)]
    go(place)
    for number, user_id in enumerate(ids):
        change(place, user_id, email=f"new{number}@example.org")
    content = {"errorCode": code, "errorDescription": "no"}
    place.sandbox.control.set_faults(
        {"kind": "status", "path": EMAIL, "nth": 1, "params": {"code": status, "content": content}}
    )

    ended = go(place)

    assert (ended.code, ended.reasons) == (3, {reason: 1})
    assert [user["email"] for user in place.targets() if user["email"].startswith("new")] == ["new1@example.org"]
