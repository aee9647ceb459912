"""Changing users: update, patch and the granular endpoints (docs/contract/descope.md 3.4 to 3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.sandbox.descope import fields
from migrator.sandbox.descope.batch import refuse_poison, run_batch
from migrator.sandbox.descope.refusal import LOGIN_CONFLICT, USER_EXISTS, Refusal, invalid
from migrator.sandbox.descope.user import User, blank, clone

if TYPE_CHECKING:
    from migrator.core.model import Json
    from migrator.sandbox.descope.call import Call
    from migrator.sandbox.descope.store import Store

# What a full overwrite keeps although the request does not name it.
_LASTING = (
    "loginIds",
    "externalIds",
    "userId",
    "status",
    "test",
    "createdTime",
    "TOTP",
    "SAML",
    "OAuth",
    "webauthn",
    "password",
    "SCIM",
    "push",
    "OIDC",
)
_SETTABLE_STATUSES = frozenset({"enabled", "disabled", "invited"})
_NAMES = ("name", "givenName", "middleName", "familyName")


def _user_of(call: Call) -> User:
    return clone(call.store.find(fields.required(call.body, "loginId")))


def _saved(call: Call, op: str, user: User) -> Json:
    call.store.save(user)
    call.commit(op, user)
    return call.answer(user)


def overwritten(store: Store, existing: User, body: dict[str, Json], *, creating: bool = False) -> User:
    """The user with everything the request does not name removed; login ids are only added."""
    user = blank() | {key: clone(existing)[key] for key in _LASTING}
    more = fields.login_ids(store, body.get("additionalIdentifiers", ()))
    _refuse_taken(store, user, more)
    user["loginIds"] = list(dict.fromkeys([*user["loginIds"], *more]))
    fields.apply(store, user, body, creating=creating)
    return user


def update(call: Call) -> Json:
    """Full overwrite of one user."""
    return _saved(call, "update", overwritten(call.store, _user_of(call), call.body))


def patch(call: Call) -> Json:
    """Change the named fields of one user."""
    refuse_poison(call.store, [call.body])
    return call.answer(_patched(call, call.body))


def patch_batch(call: Call) -> Json:
    """Change many users; each stands for itself."""
    return run_batch(call, "patchedUsers", lambda body: _patched(call, body))


def _patched(call: Call, body: dict[str, Json]) -> User:
    store = call.store
    user = clone(store.find(fields.required(body, "loginId")))
    fields.apply(store, user, body, replace_attributes=store.switches.patch_attributes == "replace")
    more = fields.login_ids(store, body.get("additionalIdentifiers", ()))
    _refuse_taken(store, user, more)
    user["loginIds"] = list(dict.fromkeys([*user["loginIds"], *more]))
    if store.switches.patch_conflict == "merge":
        for kind in ("email", "phone"):
            if kind in body:
                _absorb_owner(call, user, user[kind])
    store.save(user)
    call.commit("patch", user)
    return user


def update_status(call: Call) -> Json:
    """Enable, disable or set back to invited."""
    user = _user_of(call)
    user["status"] = fields.status(fields.required(call.body, "status"), _SETTABLE_STATUSES)
    return _saved(call, "status", user)


def update_email(call: Call) -> Json:
    """Set or remove the e-mail; another user who logs in with it is merged in, unless told not to."""
    return _update_contact(call, "email")


def update_phone(call: Call) -> Json:
    """Set or remove the phone, with the same hazard as the e-mail."""
    return _update_contact(call, "phone")


def _update_contact(call: Call, kind: str) -> Json:
    user = _user_of(call)
    fields.set_contact(call.store, user, kind, call.body.get(kind, ""), verified=call.body.get("verified"))
    if call.body.get("failOnConflict") and _other_owner(call.store, user, user[kind]):
        raise Refusal(409, LOGIN_CONFLICT, f"The {kind} is the login id of another user")
    _absorb_owner(call, user, user[kind])
    return _saved(call, kind, user)


def update_login_id(call: Call) -> Json:
    """Rename the login id by which the user was named; an empty new one removes it."""
    user = _user_of(call)
    store, old = call.store, fields.login_ids(call.store, [call.body["loginId"]])[0]
    if store.switches.login_case == "insensitive":
        old = next((own for own in user["loginIds"] if own.casefold() == old.casefold()), old)
    if old not in user["loginIds"]:
        raise invalid("The loginId field must be a login id of the user")
    new = call.body.get("newLoginId", "")
    renamed = fields.login_ids(store, [new]) if new else []
    _refuse_taken(store, user, renamed)
    place = user["loginIds"].index(old)
    user["loginIds"][place : place + 1] = renamed
    user["loginIds"] = list(dict.fromkeys(user["loginIds"]))
    if not user["loginIds"]:
        raise invalid("The last login id cannot be removed")
    return _saved(call, "loginid", user)


def update_name(call: Call) -> Json:
    """Set the given parts of the name."""
    user = _user_of(call)
    user.update({key: call.body[key] for key in _NAMES if key in call.body})
    return _saved(call, "name", user)


def update_picture(call: Call) -> Json:
    """Set or remove the picture."""
    user = _user_of(call)
    user["picture"] = call.body.get("picture", "")
    return _saved(call, "picture", user)


def update_custom_attribute(call: Call) -> Json:
    """Set one custom attribute; the others stay."""
    user = _user_of(call)
    key = fields.required(call.body, "attributeKey")
    given = {key: call.body.get("attributeValue")}
    user["customAttributes"] |= fields.accepted_attributes(call.store, given, creating=False)
    return _saved(call, "attribute", user)


def _other_owner(store: Store, user: User, login_id: str) -> User | None:
    owner = store.owner(login_id) if login_id else None
    return owner if owner and owner["userId"] != user["userId"] else None


def _refuse_taken(store: Store, user: User, login_ids: list[str]) -> None:
    if any(_other_owner(store, user, login_id) for login_id in login_ids):
        raise Refusal(store.switches.duplicate_status, USER_EXISTS, "The login id belongs to another user")


def _absorb_owner(call: Call, user: User, login_id: str) -> None:
    """Delete the user who logs in with this, hand over the login ids: a silent merge (docs/contract/descope.md 3.8)."""
    other = _other_owner(call.store, user, login_id)
    if other is None:
        return
    call.store.users.remove(other["userId"])
    call.commit("merge_delete", other, into=user["userId"])
    user["loginIds"] = list(dict.fromkeys([*user["loginIds"], *other["loginIds"]]))
