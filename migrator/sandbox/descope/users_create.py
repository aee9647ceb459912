"""Making users: /user/create, /user/create/test, /user/create/batch (docs/contract/descope.md 3.1 to 3.3 and 6.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.sandbox.descope import contacts, fields
from migrator.sandbox.descope.batch import choke, refuse_poison, run_batch
from migrator.sandbox.descope.refusal import MISSING, USER_EXISTS, Refusal
from migrator.sandbox.descope.user import User, blank
from migrator.sandbox.descope.users_change import overwritten

if TYPE_CHECKING:
    from migrator.core.model import Json
    from migrator.sandbox.descope.call import Call


def create(call: Call) -> Json:
    """Make one user."""
    choke(call.store, [call.body])
    refuse_poison(call.store, [call.body])
    user, created = _make(call, call.body, invite=bool(call.body.get("invite")))
    return call.answer(user, created=created)


def create_test(call: Call) -> Json:
    """Make one test user."""
    user, created = _make(call, call.body | {"test": True}, invite=False)
    return call.answer(user, created=created)


def create_batch(call: Call) -> Json:
    """Make many users; each stands for itself."""
    choke(call.store, call.body.get("users", []))
    invite = bool(call.body.get("invite"))
    answer = run_batch(call, "createdUsers", lambda body: _make(call, body, invite=invite)[0])
    if call.store.switches.additional_errors == "on":
        first = answer["createdUsers"][:1]
        answer["additionalErrors"] = {user["loginIds"][0]: "Failed to send the invitation" for user in first}
    return answer


def _make(call: Call, body: dict[str, Json], *, invite: bool) -> tuple[User, bool]:
    """The user and whether it was made now; an existing login id goes by the switch.

    An invitation tolerates an existing user (docs/contract/descope.md 6.3).
    """
    store = call.store
    fields.required(body, "loginId")
    logins = fields.login_ids(store, [body["loginId"], *body.get("additionalIdentifiers", ())])
    existing = next(filter(None, map(store.owner, logins)), None)
    if existing is None:
        user = _new_user(call, body, logins)
        store.save(user)
        call.commit("create", user)
        return user, True
    if store.switches.existing_login == "overwrite":
        user = overwritten(store, existing, body, creating=True)
        store.save(user)
        call.commit("overwrite", user)
        return user, False
    if store.switches.existing_login == "reject" and not invite:
        raise Refusal(store.switches.duplicate_status, USER_EXISTS, "User already exists")
    return existing, False


def _new_user(call: Call, body: dict[str, Json], logins: list[str]) -> User:
    store = call.store
    user = blank()
    user["loginIds"] = logins
    fields.apply(store, user, _with_derived_contact(body), creating=True)
    pattern = store.switches.test_users_pattern
    if pattern and any(re.search(pattern, login) for login in logins):
        user["test"] = True
    has_password = bool(body.get("password") or body.get("hashedPassword"))
    if not (user["email"] or user["phone"] or has_password):
        raise Refusal(400, MISSING, "Missing email or phone")
    user["userId"] = store.make_id("U2")
    user["createdTime"] = body.get("createdTime", int(store.wall()))
    user["password"] = has_password
    user["TOTP"] = bool(body.get("seed"))
    return user


def _with_derived_contact(body: dict[str, Json]) -> dict[str, Json]:
    """An e-mail or phone used as login id is the contact when none of that kind is given."""
    login = body["loginId"]
    if contacts.is_email(login) and not body.get("email"):
        return body | {"email": login}
    if contacts.as_phone(login) and not body.get("phone"):
        return body | {"phone": login}
    return body
