"""What a user belongs to in Descope: tenants, roles in them, roles of the project (docs/decisions/0027). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.core.model import Json

USER_TENANTS, ROLE_NAMES = "userTenants", "roleNames"
TENANTS, ROLES = "tenants", "roles"  # the keys of `mapping` and `policy.update` that decide on them
_ANY_TEXT = "surrogatepass"  # an answer may hold half of a character


class Grant(NamedTuple):
    """One thing a user has: a tenant, a role in a tenant, or a role of the project, which has no tenant."""

    tenant: str
    role: str = ""

    @property
    def field(self) -> str:
        """Its name among a user's fields, as in `userTenants.acme`, `userTenants.acme/Learner`, `roleNames.Admin`.

        Whatever else than ASCII letters and digits the tenant and the role have is escaped, so that `named` knows them.
        """
        return Grant(_quoted(self.tenant), _quoted(self.role)).title

    @property
    def title(self) -> str:
        """The same name for people, with tenant and role as they are written."""
        if not self.tenant:
            return f"{ROLE_NAMES}.{self.role}"
        return f"{USER_TENANTS}.{self.tenant}{f'/{self.role}' if self.role else ''}"

    @classmethod
    def named(cls, field: str) -> Grant:
        """The inverse of `field`."""
        kind, _, name = field.partition(".")
        tenant, _, role = name.partition("/") if kind == USER_TENANTS else ("", "", name)
        return cls(unquote(tenant, errors=_ANY_TEXT), unquote(role, errors=_ANY_TEXT))

    @property
    def rule(self) -> str:
        """The key of `policy.update` that decides on it."""
        return TENANTS if self.tenant else ROLES


def is_grant(name: str) -> bool:
    """Whether a field's name is that of a grant."""
    return name.startswith((f"{USER_TENANTS}.", f"{ROLE_NAMES}."))


def in_order(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Each once, sorted, and with every role in a tenant the tenant itself."""
    given = set(grants)
    return tuple(sorted(given | {Grant(one.tenant) for one in given if one.tenant}))


class HasGrants:
    """What a user belongs to, in the form of Descope; for classes with a field `grants`."""

    __slots__ = ()
    grants: tuple[Grant, ...]

    @property
    def tenants(self) -> list[Json]:
        """Its tenants, each with the roles there."""
        return tenant_list(self.grants)

    @property
    def roles(self) -> list[str]:
        """Its roles of the project."""
        return role_list(self.grants)


def changed_lists(before: Iterable[Grant], after: Iterable[Grant]) -> dict[str, tuple[list[Json], list[Json]]]:
    """Which of a user's two lists differ, by the names of Descope's fields: the list before, and after."""
    was, now = in_order(before), in_order(after)
    lists = {USER_TENANTS: (tenant_list(was), tenant_list(now)), ROLE_NAMES: (role_list(was), role_list(now))}
    return {name: (old, new) for name, (old, new) in lists.items() if old != new}


def tenant_list(grants: Iterable[Grant]) -> list[Json]:
    """The grants of tenants as Descope takes them: `[{"tenantId": "acme", "roleNames": ["Learner"]}]`."""
    roles: dict[str, list[str]] = {}
    for tenant, role in in_order(grants):
        if tenant:
            roles.setdefault(tenant, []).extend([role] if role else [])
    return [{"tenantId": tenant, "roleNames": names} for tenant, names in roles.items()]


def role_list(grants: Iterable[Grant]) -> list[str]:
    """The names of the project's roles among the grants."""
    return [role for tenant, role in in_order(grants) if not tenant]


def read_grants(tenants: Json, roles: Json) -> tuple[Grant, ...]:
    """The grants that a user object shows (docs/contract/descope.md 2); null stands for none.

    Raises:
        KeyError, TypeError: not in the form of a user object.
    """
    grants = [Grant("", _text(role)) for role in _list(roles)]
    for one in _list(tenants):
        tenant = _text(one["tenantId"])
        grants += [Grant(tenant), *(Grant(tenant, _text(role)) for role in _list(one.get("roleNames")))]
    return in_order(grants)


def _quoted(text: str) -> str:
    return quote(text, safe=" ", errors=_ANY_TEXT)


def _list(value: Json) -> Json:
    if not isinstance(value, list | tuple | None):
        raise TypeError("tenants or roles are not a list")
    return value or ()


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a tenant or role is not named by text")
    return value
