"""Loading and deleting users by id (docs/contract/descope.md 3.10 and 3.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.sandbox.descope import contacts
from migrator.sandbox.descope.batch import check_size
from migrator.sandbox.descope.refusal import MISSING, Refusal, invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.core.model import Json
    from migrator.sandbox.descope.call import Call
    from migrator.sandbox.descope.store import Store
    from migrator.sandbox.descope.user import User


def load(call: Call) -> Json:
    """One user by login id or user id."""
    store, lag = call.store, call.store.switches.get_lag
    user_id, login_id = call.query.get("userId"), call.query.get("loginId")
    if not (user_id or login_id):
        raise Refusal(400, MISSING, "The loginId field is required")
    user = store.users.seen(user_id, lag) if user_id else _seen(store, login_id or "", lag)
    if user is None:
        raise not_found()
    return call.answer(user)


def _seen(store: Store, login_id: str, lag: float) -> User | None:
    by_id = store.users.seen(login_id, lag)
    if by_id:
        return by_id
    fold: Callable[[str], str] = str if store.switches.login_case == "preserve" else str.casefold
    wanted = fold(contacts.login_id(login_id, lower=store.lowers))
    owners = store.users.seen_with_logins([wanted], lag)
    return next((user for user in owners if wanted in map(fold, user["loginIds"])), None)


def load_many(call: Call) -> Json:
    """Users by user id; disabled and expired ones, and by switch test users, only when asked for."""
    store, user_ids = call.store, call.body.get("userIds", [])
    switches = store.switches
    if not user_ids:
        raise Refusal(400, MISSING, "The userIds field is required")
    if len(user_ids) > switches.users_load_limit:
        raise invalid("Too many user ids in one call")
    found = (store.users.seen(user_id, switches.get_lag) for user_id in dict.fromkeys(user_ids))
    wanted = {"enabled", "invited"}
    if call.body.get("includeInvalidUsers"):
        wanted |= {"disabled", "expired"}
    users = [user for user in found if user and user["status"] in wanted]
    if switches.load_hides_test_users == "on" and not call.body.get("withTestUser"):
        users = [user for user in users if not user["test"]]
    return {"users": users, "total": len(users if switches.users_load_total == "found" else user_ids)}


def delete(call: Call) -> Json:
    """Delete one user by login id or user id."""
    name = call.body.get("loginId") or call.body.get("userId")
    if not name:
        raise Refusal(400, MISSING, "The loginId field is required")
    store = call.store
    user = store.users.get(name) or store.owner(name)
    if user is not None:
        _delete(call, user)
    elif store.switches.delete_twice == "404":
        raise not_found()
    return {}


def delete_batch(call: Call) -> Json:
    """Delete users by user id; unknown ids are passed over, or by switch have the call refused."""
    user_ids = call.body.get("userIds", [])
    check_size(call.store, len(user_ids))
    users = [call.store.users.get(user_id) for user_id in dict.fromkeys(user_ids)]
    if call.store.switches.delete_batch_twice == "404" and None in users:
        raise not_found()
    for user in users:
        if user:
            _delete(call, user)
    return {}


def _delete(call: Call, user: User) -> None:
    call.store.users.remove(user["userId"])
    call.commit("delete", user)
