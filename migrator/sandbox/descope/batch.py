"""What /create/batch and /patch/batch share: limits, per-user outcomes, odd answers (docs/contract/descope.md 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.sandbox.descope.fields import accepted_attributes
from migrator.sandbox.descope.refusal import INTERNAL, INVALID, Refusal, invalid
from migrator.sandbox.descope.user import User, blank, clone

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.core.model import Json
    from migrator.sandbox.descope.call import Call
    from migrator.sandbox.descope.store import Store


# Fields that mean one thing in a request and another in an answer, where `password` says whether there is one.
_OTHER_SHAPE = {"userTenants", "password"}


def check_size(store: Store, count: int) -> None:
    """Refuse a call that names more users than the limit."""
    if count > store.switches.batch_limit:
        raise Refusal(store.switches.batch_limit_status, INVALID, "Too many users in one call")


def refuse_poison(store: Store, bodies: list[dict[str, Json]]) -> None:
    """Refuse when one of the users is on the list of logins this project cannot stomach."""
    refused = store.switches.refuse_logins
    if refused and any(body.get("loginId") in refused for body in bodies):
        raise invalid("The request could not be processed")


def choke(store: Store, bodies: list[dict[str, Json]]) -> None:
    """Fail with a server error, nothing done, when one of the users is on the list of logins that break a create."""
    breaking = set(store.switches.choke_logins)
    if breaking and any(not breaking.isdisjoint(_logins(body)) for body in bodies):
        raise Refusal(store.switches.choke_status, INTERNAL, "Something went wrong")


def _logins(body: dict[str, Json]) -> list[str]:
    return [body.get("loginId", ""), *body.get("additionalIdentifiers", ())]


def run_batch(call: Call, done_key: str, one: Callable[[dict[str, Json]], User]) -> dict[str, Json]:
    """Try each user of the body on its own.

    Args:
        call: its body holds `users`.
        done_key: where the answer lists the users that went well.
        one: makes or patches one user, or raises `Refusal`.

    Returns:
        The 200 answer.

    Raises:
        Refusal: the call as a whole is refused; nothing was done then.
    """
    store, bodies = call.store, call.body.get("users", [])
    check_size(store, len(bodies))
    if store.switches.poison_mode == "whole_call":
        refuse_poison(store, bodies)
    if store.switches.unknown_attribute == "fail_call":
        for body in bodies:
            _refuse_undeclared(store, body)
    done: list[User] = []
    failed: list[Json] = []
    for body in bodies:
        try:
            refuse_poison(store, [body])
            done.append(one(body))
        except Refusal as refusal:
            failed.append({"failure": refusal.message, "user": _failed_user(store, body)})
    _disorder(store, done)
    done, failed = _distorted(store, done, failed)
    return {done_key: done, "failedUsers": failed, "additionalErrors": {}}


def _refuse_undeclared(store: Store, body: dict[str, Json]) -> None:
    values = body.get("customAttributes", {})
    undeclared = {name: value for name, value in values.items() if name not in store.attributes}
    accepted_attributes(store, undeclared, creating=False)


def _failed_user(store: Store, body: dict[str, Json]) -> Json:
    login, email = body.get("loginId", ""), body.get("email", "")
    match store.switches.failed_user:
        case "full":
            echoed = {key: value for key, value in body.items() if key in blank() and key not in _OTHER_SHAPE}
            return blank() | echoed | {"loginIds": _logins(body)}
        case "partial":
            return {"loginIds": [login], "email": email}
        case "email":
            return {"email": email}
        case "login_id":
            return {"loginId": login}
        case "null":
            return None
        case "echo":
            return dict(body)


def _disorder(store: Store, done: list[User]) -> None:
    match store.switches.batch_order:
        case "reversed":
            done.reverse()
        case "shuffled":
            store.rng.shuffle(done)
        case "request":
            pass


def _distorted(store: Store, done: list[User], failed: list[Json]) -> tuple[list[User], list[Json]]:
    if not done:
        return done, failed
    first = done[0]
    match store.switches.batch_answer:
        case "honest":
            return done, failed
        case "both":
            return done, [*failed, {"failure": "Internal error", "user": first}]
        case "neither":
            return done[1:], failed
        case "extra":
            return [*done, _nobody(store, first)], failed
        case "twice":
            return [*done, first], failed


def _nobody(store: Store, like: User) -> User:
    login = f"nobody{store.rng.randrange(10**6)}@nowhere.example.net"
    identity = {"userId": store.make_id("U2"), "loginIds": [login], "externalIds": [login], "email": login}
    return clone(like) | identity
