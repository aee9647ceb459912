"""What the tests of the sandbox's switches try, in which circumstances, and which outcomes may differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.sandbox import people
from migrator.sandbox.descope.switches import DescopeSwitches
from migrator.sandbox.docebo.credentials import CLIENT_ID
from migrator.sandbox.docebo.switches import DoceboSwitches
from migrator.sandbox.names import CITIES

if TYPE_CHECKING:
    from pydantic import BaseModel

POPULATION: dict[str, float] = {"users": 130, "strangers": 5, "difficult": 0.2, "seed": 7}
COUNTS = {"found": 130, "created": 117, "rejected": 4, "conflict": 9}
REASONS = {"duplicate_email": 4, "invalid_email": 2, "login_taken": 5, "no_email": 2}
# An attribute of each type that people have values for, so that every switch meets them.
TYPED: dict[str, Any] = {
    "hired": {"field": "creation_date", "type": "date"},
    "number": {"field": "user_id", "type": "number"},
    "leads": {"field": "is_manager", "type": "boolean"},
    "city": {"field": "field_4", "type": "single_select", "options": list(CITIES)},
    "cities": {"field": "field_4", "type": "multi_select", "options": list(CITIES)},
}
SOMEBODY, ANOTHER = (p.record for p in people.make(130, 7, 0.2)[:40:20])
LOGIN = SOMEBODY["email"].lower()
APIS: dict[str, type[BaseModel]] = {"docebo": DoceboSwitches, "descope": DescopeSwitches}

# Values to try where the type does not name them all; the default itself is what every other case runs with.
VALUES: dict[str, list[Any]] = {
    "clients": [{CLIENT_ID: ["password"]}, {CLIENT_ID: ["client_credentials"]}, {"somebody-else": ["password"]}],
    "token_lifetime": [1, 0],
    "refresh_lifetime": [0],
    "power_user_sees": [0, 129],
    "rights_end_after": [1, 2, 3, 4, 6],
    "early_end_page": [1, 2, 3],
    "empty_page": [1, 2, 3, 4],
    "stuck_page": [1, 2, 3],
    "repeat_rows": [7, 30],
    "hidden_rows": [3],
    "rate_calls": [4],
    "rate_window": [0.1],
    "license_tier": ["tier4", "", "no word"],
    "licensed_factor": [2],
    "batch_limit": [20, 1],
    "refuse_logins": [[LOGIN]],
    "choke_logins": [[LOGIN]],
    "test_users_pattern": [re.escape(LOGIN), "."],
    "ignored_attribute": ["freshlyMigrated", "doceboUserId", "doceboPlatform"],
    "search_lag": [0.5],
    "get_lag": [0.5],
    "search_limit_cap": [2],
    "search_cut": [2],
    "users_load_limit": [1],
    "custom_limits": [{"create": 1}, {"search": 1}, {"user": 1}, {"general": 1}],
    "window_seconds": [0.1],
    "backoff_seconds": [0.1],
}


@dataclass(frozen=True)
class Scene:
    """What must be so for a switch to matter at all. `factor` is how fast time runs (0: waits cost nothing)."""

    docebo: dict[str, Any] = field(default_factory=dict)
    descope: dict[str, Any] = field(default_factory=dict)
    config: dict[str, dict[str, Any]] = field(default_factory=dict)
    fault: dict[str, Any] | None = None
    factor: float = 0.0


ENDING_TOKENS = Scene(docebo={"token_lifetime": 1}, factor=30)
THROTTLED_SOURCE = Scene(docebo={"rate_calls": 4, "rate_window": 0.1}, factor=50)
LIMITS = {
    "rate_limits": "custom",
    "custom_limits": {"create": 1, "search": 1},
    "window_seconds": 0.1,
    "backoff_seconds": 0.1,
}
THROTTLED_TARGET = Scene(descope=LIMITS, factor=10)
THROTTLED_WITHOUT_A_WORD = Scene(descope=LIMITS, factor=600)
LOST_CREATE: dict[str, Any] = {"kind": "reset", "when": "after", "path": "create/batch", "nth": 1}
LAG = Scene(config={"descope": {"settle_seconds": 60}}, fault=LOST_CREATE, factor=60)
REFUSING = Scene(descope={"refuse_logins": [LOGIN], "poison_mode": "per_user"})
CHOKING = Scene(descope={"choke_logins": [LOGIN]})
LOST = Scene(fault=LOST_CREATE)

SCENES: dict[str | tuple[str, Any], Scene] = {
    "token_lifetime": ENDING_TOKENS,
    "refresh_lifetime": ENDING_TOKENS,
    "refresh_answers": ENDING_TOKENS,
    "wrong_password_status": Scene(config={"docebo": {"password": "another"}}),
    "unauthorized_body": Scene(fault={"kind": "revoke_tokens", "path": "/manage/v1/user$", "nth": 2}),
    "power_user_sees": Scene(docebo={"session_level": "admin"}),
    "rights_end_after": Scene(docebo={"power_user_sees": 13}),
    "early_end_page": Scene(docebo={"has_more_data": "false_too_early"}),
    "client_credentials_list": Scene(config={"docebo": {"grant": "client_credentials"}}),
    "rate_calls": THROTTLED_SOURCE,
    "rate_window": THROTTLED_SOURCE,
    "rate_header": THROTTLED_SOURCE,
    "rate_body": THROTTLED_SOURCE,
    "licensed_factor": THROTTLED_TARGET,
    "duplicate_status": Scene(fault=LOST_CREATE, config={"descope": {"settle_seconds": 0}}),
    "batch_limit_status": Scene(descope={"batch_limit": 20}),
    "batch_answer": REFUSING,
    "failed_user": REFUSING,
    "poison_mode": REFUSING,
    "choke_logins": CHOKING,
    "choke_status": CHOKING,
    # Who was created meanwhile is found by a look-up alone.
    "test_users_pattern": LOST,
    "load_hides_test_users": Scene(descope={"test_users_pattern": "."}, fault=LOST_CREATE),
    "attribute_values": LOST,
    "search_cut": LOST,
    "ignored_by": Scene(descope={"ignored_attribute": "freshlyMigrated"}),
    # All workers ask the missing path before one of them knows better.
    "search_v2": Scene(fault={"kind": "slow", "path": "/v2/mgmt/user/search", "every": 1, "params": {"seconds": 0.2}}),
    "search_lag": LAG,
    "get_lag": LAG,
    "search_over_cap": Scene(descope={"search_limit_cap": 2}),
    "rate_limits": THROTTLED_TARGET,
    "custom_limits": THROTTLED_TARGET,
    "window_seconds": THROTTLED_TARGET,
    "backoff_seconds": THROTTLED_TARGET,
    "retry_after": THROTTLED_TARGET,
    ("retry_after", "none"): THROTTLED_WITHOUT_A_WORD,
    "throttle_body": THROTTLED_TARGET,
}


@dataclass(frozen=True)
class Other:
    """An outcome that must differ from the default's, and why; no counts where nothing is counted."""

    code: int
    why: str
    counts: dict[str, int] | None = None
    reasons: dict[str, int] | None = None


ONE_REFUSED = Other(3, "one user is refused for good", COUNTS | {"created": 116, "failed": 1}, REASONS | {"refused": 1})
ONE_CHOKES = Other(3, "one user breaks every create", COUNTS | {"created": 116, "failed": 1}, REASONS | {"gave_up": 1})
NO_MARK = Other(
    3,
    "without our mark nobody is ours, so everybody created is left to a person",
    {"found": 130, "rejected": 4, "conflict": 126},
    REASONS | {"login_taken": 122},
)
LOST_RIGHTS = Other(4, "the rights ended while the list was read")
POWER_USER = Other(2, "a power user's list is silently partial")

OTHERS: dict[tuple[str, Any], Other] = {
    ("clients", 1): Other(2, "the configured grant is not allowed"),
    ("clients", 2): Other(2, "there is no such client"),
    ("token_lifetime", 1): Other(4, "every token is dead on arrival"),
    ("session_level", "admin"): POWER_USER,
    ("session_level", "user"): POWER_USER,
    **{("rights_end_after", number): LOST_RIGHTS for number in range(len(VALUES["rights_end_after"]))},
    ("power_user_sees", 0): POWER_USER,
    ("power_user_sees", 1): POWER_USER,
    ("wrong_password_status", 400): Other(2, "the password is wrong"),
    ("wrong_password_status", 401): Other(2, "the password is wrong"),
    ("client_credentials_list", "crashes"): Other(4, "the list cannot be read with this grant"),
    ("stuck_page", 0): Other(4, "page 1 for ever: most users are never shown"),
    ("stuck_page", 1): Other(4, "page 2 for ever: some users are never shown"),
    ("hidden_rows", 0): Other(4, "the pages show fewer users than Docebo counts"),
    ("has_more_data", "missing"): Other(4, "a missing `has_more_data` is not `no more`"),
    ("refuse_logins", 0): ONE_REFUSED,
    ("batch_answer", "honest"): ONE_REFUSED,
    ("batch_answer", "both"): ONE_REFUSED,
    ("batch_answer", "neither"): ONE_REFUSED,
    ("batch_answer", "extra"): ONE_REFUSED,
    ("batch_answer", "twice"): ONE_REFUSED,
    ("failed_user", "full"): ONE_REFUSED,
    ("failed_user", "partial"): ONE_REFUSED,
    ("failed_user", "email"): ONE_REFUSED,
    ("failed_user", "login_id"): ONE_REFUSED,
    ("failed_user", "null"): ONE_REFUSED,
    ("failed_user", "echo"): ONE_REFUSED,
    ("choke_logins", 0): ONE_CHOKES,
    ("choke_status", 500): ONE_CHOKES,
    ("choke_status", 502): ONE_CHOKES,
    ("choke_status", 503): ONE_CHOKES,
    ("choke_status", 504): ONE_CHOKES,
    ("poison_mode", "whole_call"): ONE_REFUSED,
    ("poison_mode", "per_user"): ONE_REFUSED,
    ("date_values", "epoch"): Other(
        3,
        "dates are sent as text unless their `form` says otherwise, so that only who has none is taken",
        COUNTS | {"created": 4, "failed": 113},
        REASONS | {"refused": 113},
    ),
    ("ignored_attribute", 1): NO_MARK,
    ("ignored_attribute", 2): NO_MARK,
}
# Here the target itself must come out different, which the oracle would not pass; only the counts are judged.
NOT_FOR_THE_ORACLE = {"ignored_attribute", ("ignored_by", "every_write"), ("ignored_by", "create")}
# Whom the project just created cannot be read back yet, so that nothing can be changed at once.
NO_SECOND_RUN = {
    "search_lag",
    "get_lag",
    "ignored_attribute",
    ("ignored_by", "every_write"),
    ("ignored_by", "create"),
    "choke_status",  # as `choke_logins`
    ("date_values", "epoch"),  # the two who change are refused
}
