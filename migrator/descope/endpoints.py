"""The calls of the Descope API that the migrator may make: one value each."""

from __future__ import annotations

from typing import NamedTuple

from migrator.http.retry import Idempotence


class Endpoint(NamedTuple):
    """One call: where it goes, which rate limit it counts against, and what repeating it can do.

    Where the documentation is silent on the limit, it is the stricter one (docs/contract/descope.md 7).
    """

    method: str
    path: str
    bucket: str
    idempotence: Idempotence

    @property
    def where(self) -> tuple[str, str]:
        """Method and path."""
        return self.method, self.path


def _read(method: str, path: str, bucket: str) -> Endpoint:
    return Endpoint(method, path, bucket, Idempotence.READ)


def _write(method: str, path: str, bucket: str, idempotence: Idempotence = Idempotence.UNSAFE_WRITE) -> Endpoint:
    return Endpoint(method, path, bucket, idempotence)


LICENSE = _read("GET", "/v1/mgmt/license", "general")
ATTRIBUTES = _read("GET", "/v1/mgmt/user/customattributes", "user")
USER = _read("GET", "/v1/mgmt/user", "user")
LOAD = _read("POST", "/v1/mgmt/users/load", "general")
SEARCH = _read("POST", "/v2/mgmt/user/search", "search")
SEARCH_V1 = _read("POST", "/v1/mgmt/user/search", "search")
HISTORY = _read("POST", "/v1/mgmt/user/history", "user")
AUDIT = _read("POST", "/v1/mgmt/audit/search", "audit")
ALL_TENANTS = _read("GET", "/v1/mgmt/tenant/all", "general")
ALL_ROLES = _read("GET", "/v1/mgmt/role/all", "general")
CREATE_BATCH = _write("POST", "/v1/mgmt/user/create/batch", "create")
PATCH_BATCH = _write("PATCH", "/v1/mgmt/user/patch/batch", "search")
UPDATE_EMAIL = _write("POST", "/v1/mgmt/user/update/email", "search")
UPDATE_PHONE = _write("POST", "/v1/mgmt/user/update/phone", "search")
UPDATE_LOGIN = _write("POST", "/v1/mgmt/user/update/loginid", "search")
# A user id is never used again, so whoever is named twice is not deleted twice.
DELETE_BATCH = _write("POST", "/v1/mgmt/user/delete/batch", "user", Idempotence.SAFE_WRITE)
CREATE_ATTRIBUTES = _write("POST", "/v1/mgmt/user/customattribute/create", "user", Idempotence.SAFE_WRITE)
# A project takes no second tenant of one id and no second role of one name, so that repeating it makes no other.
CREATE_TENANT = _write("POST", "/v1/mgmt/tenant/create", "general", Idempotence.SAFE_WRITE)
CREATE_ROLE = _write("POST", "/v1/mgmt/role/create", "general", Idempotence.SAFE_WRITE)

ENDPOINTS = tuple(value for value in list(globals().values()) if isinstance(value, Endpoint))
# What a client without the right to write may call: the others are not even known to it.
READING = frozenset(one.where for one in ENDPOINTS if one.idempotence is Idempotence.READ)
ALL_CALLS = frozenset(one.where for one in ENDPOINTS)
