"""Answers of the wrong shape, field by field, in whole runs (docs/reliability.md N5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from runs import ATTRIBUTES, CREATE, LIST, SEARCH, TOKEN, USER, calls, go, small

if TYPE_CHECKING:
    from world import Place

USERS = 20
HOWS = ("missing", "null", "wrong_type")
ENVELOPE = (
    *("data", "data.items", "data.has_more_data", "data.count", "data.total_count", "data.total_page_count"),
    *("data.current_page", "data.current_page_size", "data.sort", "data.cursor", "version", "_links"),
)
ITEM = ("user_id", "email", "username", "first_name", "last_name", "fullname", "status", "expired", "avatar",
        "email_validation_status", "creation_date", "last_access_date")  # fmt: skip
OTHERS = [
    (TOKEN, "access_token"), (TOKEN, "expires_in"), (TOKEN, "token_type"), (TOKEN, "refresh_token"),
    (f"{LIST}/session", "data"), (f"{LIST}/session", "data.user_level"),
    ("license", "rateLimitTier"),
    (ATTRIBUTES, "data"), (ATTRIBUTES, "data.0"), (ATTRIBUTES, "data.0.name"), (ATTRIBUTES, "data.0.type"),
    ("customattribute/create", "data"),
    (SEARCH, "users"), (SEARCH, "total"), (SEARCH, "users.0"), (SEARCH, "users.0.userId"),
    (SEARCH, "users.0.loginIds"), (SEARCH, "users.0.customAttributes"), (SEARCH, "users.0.loginIds.0"),
    (CREATE, "createdUsers"), (CREATE, "failedUsers"), (CREATE, "additionalErrors"), (CREATE, "createdUsers.0"),
    (CREATE, "createdUsers.0.userId"), (CREATE, "createdUsers.0.loginIds"), (CREATE, "createdUsers.0.loginIds.0"),
    (CREATE, "createdUsers.0.customAttributes"), (CREATE, "createdUsers.0.email"),
    (f"{USER}$", "user"), (f"{USER}$", "user.userId"), (f"{USER}$", "user.loginIds"),
    (f"{USER}$", "user.customAttributes"),
]  # fmt: skip


def arrange(place: Place, path: str, field: str, how: str, *, nth: int | None) -> oracle.Before:
    start = small(place, USERS, strangers=2)
    rule = {"kind": "drop_field", "path": path, "params": {"path": field, "how": how}}
    lost = {"kind": "reset", "path": CREATE, "nth": 1, "when": "after"}  # so that single users are read as well
    more = [lost] if path.startswith(USER + "$") else []
    place.sandbox.control.set_faults(rule | ({"every": 1} if nth is None else {"nth": nth}), *more)
    return start


@pytest.mark.grid
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("field", ENVELOPE)
@pytest.mark.parametrize("nth", [None, 2], ids=["always", "once"])
def test_n5_a_page_of_the_wrong_shape_is_never_the_end(place: Place, field: str, how: str, nth: int | None) -> None:
    """Each field of the envelope missing, null or of another type, once or always: everybody, or exit 4 and nobody."""
    start = arrange(place, f"{LIST}$", field, how, nth=nth)

    run = go(place)

    if run.code == 4:
        assert nth is None
        assert oracle.check(place, start, whole=False).writes == 0
        place.sandbox.control.clear_faults()
        run = go(place)
    assert (run.code, run.counts) == (3, {"found": USERS, "created": USERS - 2, "conflict": 2}), run.error
    oracle.check(place, start)


@pytest.mark.grid
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("field", ITEM)
def test_n5_a_record_of_the_wrong_shape_harms_nobody_else(place: Place, field: str, how: str) -> None:
    """One field of the first record of every page spoilt: that record is judged on its own, its neighbours arrive."""
    start = arrange(place, f"{LIST}$", f"data.items.0.{field}", how, nth=None)
    spoilt = {str(user["user_id"]) for user in sorted(place.sources(), key=_order)[::7]}

    run = go(place)

    rows = oracle.read_rows(place.checkpoint, place)
    others = {user_id: row for user_id, row in rows.items() if user_id in start.users and user_id not in spoilt}
    if run.code == 4:  # with no id in it, the record is a user fewer than counted
        assert field == "user_id"
        assert oracle.check(place, start, whole=False).writes == 0
        return
    assert run.code in (0, 3)
    assert len(others) == USERS - len(spoilt)
    assert {row["reason"] for row in others.values() if row["state"] != "created"} <= {"login_taken"}


def _order(user: dict[str, str]) -> str:
    return str(user["username"]).lower()


@pytest.mark.grid
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("path", "field"), OTHERS)
def test_n5_an_answer_of_the_wrong_shape_is_never_success(place: Place, path: str, field: str, how: str) -> None:
    """Each field we read elsewhere, always spoilt: all is right all the same, or the run stops and can be repeated."""
    start = arrange(place, path, field, how, nth=None)

    run = go(place)

    assert run.code in (2, 3, 4), run.error
    oracle.check(place, start, whole=run.code == 3)
    assert len(calls(place, CREATE)) < 40
    place.sandbox.control.clear_faults()
    again = go(place)
    assert (again.code, again.counts) == (3, {"found": USERS, "created": USERS - 2, "conflict": 2}), again.error
    oracle.check(place, start)
