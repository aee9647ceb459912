"""Deleting, sign-in history and audit trail, as docs/contract/descope.md 3.11 and 11.6 say; the official SDK judges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pytest
from descope import AuthException, DescopeClient
from descope_sandbox import ANA, BEN, CLEO, batch

from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID

if TYPE_CHECKING:
    from descope_sandbox import World

DAY = 86_400.0
AUDIT = "/v1/mgmt/audit/search"


@pytest.fixture
def client(world: World) -> DescopeClient:
    return DescopeClient(PROJECT_ID, management_key=MANAGEMENT_KEY, base_url=world.url)


def signed_in(world: World, user_id: str, *, at: float | None = None, history: bool = True, audit: bool = True) -> None:
    world.store.sign_in(user_id, at=at, history=history, audit=audit)


def test_the_history_shows_the_sign_ins_of_those_asked_for(world: World, client: DescopeClient) -> None:
    """A list of user ids in, a list of sign-ins out, newest first; seconds since 1970."""
    ana, ben = world.make(ANA)["userId"], world.make(BEN)["userId"]
    signed_in(world, ana, at=100.0)
    signed_in(world, ana)
    signed_in(world, ben)

    found = client.mgmt.user.history([ana, "U2unknown"])

    assert [(one["userId"], one["loginTime"]) for one in found] == [(ana, int(world.store.wall())), (ana, 100)]
    assert client.mgmt.user.history([ben])[0].keys() == {
        "userId", "loginTime", "city", "country", "ip", "selectedTenant",
    }  # fmt: skip


def test_the_audit_trail_shows_changes_and_sign_ins(world: World, client: DescopeClient) -> None:
    """One record for each change through the API or the console, and for each sign-in, filtered as asked."""
    ana = world.make(ANA)["userId"]
    world.make(BEN)
    world.patch("user/patch", {"loginId": ANA, "name": "Ana"})
    world.store.change_user(ana, {"name": "Ana R"})
    signed_in(world, ana)
    client.mgmt.user.delete(BEN)

    found = client.mgmt.audit.search(user_ids=[ana])["audits"]

    assert [one["action"] for one in found] == ["LoginSucceed", "UserModified", "UserModified", "UserCreated"]
    assert {one["userId"] for one in found} == {ana}
    actions = ["UserDeleted", "LoginSucceed"]
    assert [one["action"] for one in client.mgmt.audit.search(actions=actions)["audits"]] == actions


def test_the_audit_trail_is_read_in_pages_and_reaches_30_days_back(world: World, client: DescopeClient) -> None:
    """A thousand records a page at most, from page 0; what is older is not shown, whatever is asked."""
    ana = world.make(ANA)["userId"]
    now = world.store.wall()
    for days in (31, 29, 1):
        signed_in(world, ana, at=now - days * DAY)
    asked = {"actions": ["LoginSucceed"], "from": str(int((now - 40 * DAY) * 1000)), "limit": 1}

    pages = [world.call("POST", AUDIT, {**asked, "page": page}).json() for page in range(3)]

    assert [len(one["audits"]) for one in pages] == [1, 1, 0]
    assert {one["total"] for one in pages} == {2}
    since = datetime.fromtimestamp(now, UTC) - timedelta(days=2)
    assert len(client.mgmt.audit.search(actions=["LoginSucceed"], from_ts=since)["audits"]) == 1


def test_ten_searches_a_minute_are_allowed(world: World) -> None:
    world.store.switches.rate_limits = "documented"
    for _ in range(10):
        world.call("POST", AUDIT, {})

    assert world.call("POST", AUDIT, {}, status=429).headers["Retry-After"] == "60"


@pytest.mark.parametrize("what", ["history", "audit"])
def test_either_may_be_empty_or_refused(world: World, client: DescopeClient, what: str) -> None:
    """A key without the right to ask, or a project that keeps nothing."""
    ana = world.make(ANA)["userId"]
    signed_in(world, ana)

    def ask() -> object:
        return client.mgmt.user.history([ana]) if what == "history" else client.mgmt.audit.search()["audits"]

    setattr(world.store.switches, what, "empty")
    assert ask() == []
    setattr(world.store.switches, what, "refused")
    with pytest.raises(AuthException):
        ask()


def test_deleting_somebody_twice(world: World, client: DescopeClient) -> None:
    """Alone it is a 404 and in a batch passed over; by switch the other way round, and then nobody of a batch goes."""
    ids = [user["userId"] for user in batch(world, ANA, BEN, CLEO)["createdUsers"]]
    client.mgmt.user.delete_by_user_id(ids[0])
    with pytest.raises(AuthException) as caught:
        client.mgmt.user.delete_by_user_id(ids[0])
    assert caught.value.status_code == 404
    client.mgmt.user.delete_batch(ids[:2])
    world.store.switches.delete_twice, world.store.switches.delete_batch_twice = "ok", "404"
    client.mgmt.user.delete_by_user_id(ids[0])

    with pytest.raises(AuthException):
        client.mgmt.user.delete_batch(ids)

    assert world.load(CLEO)["userId"] == ids[2]


@pytest.mark.parametrize(("switch", "left"), [("stored", {"city": ""}), ("removed", {})])
def test_an_empty_attribute_is_stored_or_taken_away(
    world: World, switch: Literal["stored", "removed"], left: dict[str, str]
) -> None:
    world.store.switches.empty_attribute = switch
    world.post("user/customattribute/create", {"attributes": [{"name": "city", "type": 1}]})
    world.make(ANA, customAttributes={"city": "Rome"})

    world.patch("user/patch", {"loginId": ANA, "customAttributes": {"city": ""}})

    assert world.load(ANA)["customAttributes"] == left
