"""The calls of the Descope API the migrator may make, and the limit each counts against."""

from __future__ import annotations

LICENSE = ("GET", "/v1/mgmt/license")
ATTRIBUTES = ("GET", "/v1/mgmt/user/customattributes")
USER = ("GET", "/v1/mgmt/user")
LOAD = ("POST", "/v1/mgmt/users/load")
SEARCH = ("POST", "/v2/mgmt/user/search")
SEARCH_V1 = ("POST", "/v1/mgmt/user/search")
CREATE_BATCH = ("POST", "/v1/mgmt/user/create/batch")
PATCH_BATCH = ("PATCH", "/v1/mgmt/user/patch/batch")
UPDATE_EMAIL = ("POST", "/v1/mgmt/user/update/email")
UPDATE_PHONE = ("POST", "/v1/mgmt/user/update/phone")
UPDATE_LOGIN = ("POST", "/v1/mgmt/user/update/loginid")
CREATE_ATTRIBUTES = ("POST", "/v1/mgmt/user/customattribute/create")

READS = {LICENSE, ATTRIBUTES, USER, LOAD, SEARCH, SEARCH_V1}
WRITES = {CREATE_BATCH, PATCH_BATCH, UPDATE_EMAIL, UPDATE_PHONE, UPDATE_LOGIN, CREATE_ATTRIBUTES}

# Which limit a call counts against; where the documentation is silent, the stricter (docs/contract/descope.md 7).
BUCKETS = {
    CREATE_BATCH: "create",
    SEARCH: "search",
    SEARCH_V1: "search",
    PATCH_BATCH: "search",
    UPDATE_EMAIL: "search",
    UPDATE_PHONE: "search",
    UPDATE_LOGIN: "search",
    USER: "user",
    ATTRIBUTES: "user",
    CREATE_ATTRIBUTES: "user",
    LOAD: "general",
    LICENSE: "general",
}
