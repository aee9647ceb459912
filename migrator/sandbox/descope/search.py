"""/user/search: filters are ANDed, pages count from 0 (docs/contract/descope.md 3.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from migrator.core.model import Json, canonical_json
from migrator.sandbox.descope import contacts
from migrator.sandbox.descope.refusal import invalid
from migrator.sandbox.descope.shown import as_text
from migrator.sandbox.descope.user import User, blank

if TYPE_CHECKING:
    from migrator.sandbox.descope.call import Call
    from migrator.sandbox.descope.store import Store
    from migrator.sandbox.descope.switches import DescopeSwitches

Filter: TypeAlias = Callable[[User], bool]

_PAGING = {"limit", "page", "offset", "selectedColumns"}
_INDEXED = {"loginId", "loginIds", "userIds"}
_DEFAULT_LIMIT = 100
_TEXT_FIELDS = ("name", "givenName", "middleName", "familyName", "email", "phone")
_CONTACT_LISTS = {
    "emails": "email",
    "phones": "phone",
    "recoveryEmails": "recoveryEmail",
    "recoveryPhones": "recoveryPhone",
}
_ID_LISTS = {"userIds": "userId", "statuses": "status"}
_EXACT_FLAGS = {"verifiedEmail", "verifiedPhone", "verifiedRecoveryEmail", "verifiedRecoveryPhone"}
_ONLY_FLAGS = {
    "password": "password",
    "totp": "TOTP",
    "webauthn": "webauthn",
    "scim": "SCIM",
    "scimOnly": "SCIM",
    "ssoOnly": "SAML",
    "testUsersOnly": "test",
}
_TIMES: dict[str, tuple[str, int]] = {
    "fromCreatedTime": ("createdTime", 1),
    "toCreatedTime": ("createdTime", -1),
    "fromModifiedTime": ("modifiedTime", 1),
    "toModifiedTime": ("modifiedTime", -1),
}
# Families and brute-force locks do not exist here, so asking for them finds nobody.
_NEVER_HERE = ("familyIds", "dependent", "lockReasons", "tempLockReasons")


class Search:
    """Keeps the last list that took a full pass, so that paging through everything costs one."""

    def __init__(self) -> None:
        self._key: tuple[int, str] = (-1, "")
        self._matching: list[User] = []

    def v1(self, call: Call) -> Json:
        """Users and their total number."""
        switches, body = call.store.switches, call.body
        limit = body.get("limit") or _DEFAULT_LIMIT
        page, offset = body.get("page", 0), body.get("offset", 0)
        if limit < 0 or page < 0 or offset < 0:
            raise invalid("limit, page and offset must not be negative")
        if limit > switches.search_limit_cap:
            if switches.search_over_cap == "refuse":
                raise invalid("The limit field is too large")
            limit = switches.search_limit_cap
        matching = self._find(call.store, body)
        start = offset or page * limit
        users = _cut(matching, body, switches)[start : start + limit]
        columns = body.get("selectedColumns")
        if columns:
            users = [{key: value for key, value in user.items() if key in {"userId", *columns}} for user in users]
        return {"users": users, "total": len(matching)}

    def v2(self, call: Call) -> Json:
        """The same under the newer path."""
        return self.v1(call)

    def _find(self, store: Store, body: dict[str, Json]) -> list[User]:
        filters = {key: value for key, value in body.items() if key not in _PAGING and value not in ("", [], {})}
        if store.switches.search_lag or not _INDEXED.isdisjoint(filters):
            return _matching(store, filters)
        switches = store.switches
        by = [filters, switches.search_case, switches.attribute_values]
        key = (store.users.revision, canonical_json(by))
        if key != self._key:
            self._key, self._matching = key, _matching(store, filters)
        return self._matching


def _cut(matching: list[User], body: dict[str, Json], switches: DescopeSwitches) -> list[User]:
    by_attributes = body.get("customAttributes") and not (body.get("loginIds") or body.get("loginId"))
    return matching[: switches.search_cut] if switches.search_cut and by_attributes else matching


def _matching(store: Store, filters: dict[str, Json]) -> list[User]:
    tests = list(_filters(store, filters))
    users = (user for user in _candidates(store, filters) if all(test(user) for test in tests))
    return _sorted(users, filters.get("sort", ()))


def _candidates(store: Store, filters: dict[str, Json]) -> Iterator[User]:
    lag = store.switches.search_lag
    logins = [*filters.get("loginIds", ()), *filter(None, [filters.get("loginId")])]
    if logins:
        wanted = (contacts.login_id(login, lower=False) for login in logins)
        yield from store.users.seen_with_logins(wanted, lag)
    elif "userIds" in filters:
        for user_id in dict.fromkeys(filters["userIds"]):
            user = store.users.seen(user_id, lag)
            if user:
                yield user
    else:
        yield from store.users.seen_all(lag)


def _filters(store: Store, wanted: dict[str, Json]) -> Iterator[Filter]:
    fold: Callable[[str], str] = str if store.switches.search_case == "exact" else str.casefold
    if not (wanted.get("withTestUser") or wanted.get("testUsersOnly")):
        yield lambda user: not user["test"]
    if any(wanted.get(key) for key in _NEVER_HERE):
        yield lambda _user: False
    for key in ("loginId", "loginIds"):
        if key in wanted:
            logins = {fold(contacts.login_id(text, lower=False)) for text in _as_list(wanted[key])}
            yield _any_in(logins, lambda user: map(fold, user["loginIds"]))
    for key, column in _CONTACT_LISTS.items():
        if key in wanted:
            yield _any_in({fold(text) for text in wanted[key]}, _one(column, fold))
    for key, column in _ID_LISTS.items():
        if key in wanted:
            yield _any_in(set(wanted[key]), _one(column, str))
    yield from _plain_filters(wanted, store.switches)
    yield from _access_filters(store, wanted)


def _plain_filters(wanted: dict[str, Json], switches: DescopeSwitches) -> Iterator[Filter]:
    form = _typed if switches.attribute_values == "typed" else as_text
    for name, value in wanted.get("customAttributes", {}).items():
        yield _attribute_filter(name, _as_list(value), form)
    if "text" in wanted:
        yield _text_filter(wanted["text"].casefold())
    for key in _EXACT_FLAGS & wanted.keys():
        yield _flag_filter(key, wanted[key])
    for key, column in _ONLY_FLAGS.items():
        if wanted.get(key):
            yield _flag_filter(column, True)
    for key, (column, sign) in _TIMES.items():
        if key in wanted:
            yield _time_filter(column, sign, int(wanted[key]))


def _access_filters(store: Store, wanted: dict[str, Json]) -> Iterator[Filter]:
    if "tenantIds" in wanted:
        tenants = set(wanted["tenantIds"])
        if wanted.get("includeSubTenants"):
            tenants |= {id_ for id_, tenant in store.tenants.items() if tenant["parent"] in tenants}
        yield _any_in(tenants, lambda user: (tenant["tenantId"] for tenant in user["userTenants"]))
    if "roleNames" in wanted:
        yield _any_in(set(wanted["roleNames"]), _all_roles)
    if "ssoAppIds" in wanted:
        yield _any_in(set(wanted["ssoAppIds"]), lambda user: user["ssoAppIds"])
    names = {role["id"]: role["name"] for role in store.roles.values()}
    for tenant_id, roles in wanted.get("tenantRoleNames", {}).items():
        yield _tenant_role_filter(tenant_id, set(roles.get("values", ())), bool(roles.get("and")))
    for tenant_id, roles in wanted.get("tenantRoleIds", {}).items():
        by_name = {names.get(role_id, "") for role_id in roles.get("values", ())}
        yield _tenant_role_filter(tenant_id, by_name, bool(roles.get("and")))


def _as_list(value: Json) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _one(key: str, fold: Callable[[str], str]) -> Callable[[User], Iterable[str]]:
    return lambda user: (fold(user[key]),)


def _any_in(wanted: set[str], having: Callable[[User], Iterable[str]]) -> Filter:
    return lambda user: not wanted.isdisjoint(having(user))


def _flag_filter(key: str, value: bool) -> Filter:
    return lambda user: user[key] is value


def _typed(value: Json) -> object:
    return isinstance(value, bool), value


def _attribute_filter(name: str, values: list[Any], form: Callable[[Json], object]) -> Filter:
    wanted = {form(value) for value in values}

    def matches(user: User) -> bool:
        own = user["customAttributes"].get(name)
        return own is not None and any(form(value) in wanted for value in _as_list(own))

    return matches


def _text_filter(text: str) -> Filter:
    def matches(user: User) -> bool:
        columns = [*(user[key] for key in _TEXT_FIELDS), *user["loginIds"]]
        return any(text in column.casefold() for column in columns)

    return matches


def _time_filter(key: str, sign: int, milliseconds: int) -> Filter:
    return lambda user: sign * (user[key] * 1000 - milliseconds) >= 0


def _all_roles(user: User) -> Iterator[str]:
    yield from user["roleNames"]
    for tenant in user["userTenants"]:
        yield from tenant["roleNames"]


def _tenant_role_filter(tenant_id: str, wanted: set[str], every: bool) -> Filter:
    def matches(user: User) -> bool:
        roles = {
            role for tenant in user["userTenants"] if tenant["tenantId"] == tenant_id for role in tenant["roleNames"]
        }
        return wanted <= roles if every else bool(wanted & roles)

    return matches


def _sorted(users: Iterable[User], sort: Iterable[dict[str, Json]]) -> list[User]:
    ordered = list(users)
    for field in reversed(list(sort)):
        key = field.get("field", "")
        if key not in blank() or isinstance(blank()[key], dict):
            raise invalid("The sort field is invalid")
        ordered.sort(key=_sort_key(key), reverse=bool(field.get("desc")))
    return ordered


def _sort_key(key: str) -> Callable[[User], Any]:
    return lambda user: [str(item) for item in user[key]] if isinstance(user[key], list) else user[key]
