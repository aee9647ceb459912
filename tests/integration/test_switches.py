"""Every switch of both sandbox APIs, in every value: the same right result, or the outcome that is listed here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import oracle
import pytest
from runs import CREATE, Run, go
from virtual_clock import FastClock
from world import Place

from migrator.sandbox import people
from migrator.sandbox.descope.switches import DescopeSwitches
from migrator.sandbox.docebo.credentials import CLIENT_ID
from migrator.sandbox.docebo.switches import DoceboSwitches

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

POPULATION: dict[str, float] = {"users": 130, "strangers": 5, "difficult": 0.2, "seed": 7}
COUNTS = {"found": 130, "created": 117, "rejected": 4, "conflict": 9}
REASONS = {"duplicate_email": 4, "invalid_email": 2, "login_taken": 5, "no_email": 2}
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
LOST_RIGHTS = Other(2, "the rights ended while the list was read")
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
}


@dataclass(frozen=True)
class Case:
    """One switch in one value; `name` is the value, or its place in `VALUES`."""

    api: str
    switch: str
    value: Any
    name: Any

    @property
    def other(self) -> Other | None:
        """The listed outcome, if it differs."""
        return OTHERS.get((self.switch, self.name))


def cases() -> list[Case]:
    """All of them, from the switches' own types; a switch that is neither a choice nor in `VALUES` is an error."""
    found = []
    for api, model in APIS.items():
        for switch, info in model.model_fields.items():
            if get_origin(info.annotation) is Literal:
                found += [Case(api, switch, value, value) for value in get_args(info.annotation)]
            else:
                found += [Case(api, switch, value, name) for name, value in enumerate(VALUES[switch])]
    return found


@pytest.fixture(params=cases(), ids=lambda case: f"{case.api}-{case.switch}-{case.name}")
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def arrange(place: Place, case: Case) -> Scene:
    scene = SCENES.get((case.switch, case.name)) or SCENES.get(case.switch) or Scene()
    control = place.sandbox.control
    control.reset(**POPULATION)
    for api, switches in {"docebo": scene.docebo, "descope": scene.descope}.items():
        control.set_switches(**{api: switches | ({case.switch: case.value} if api == case.api else {})})
    if scene.fault is not None:
        control.set_faults(scene.fault)
    place.configure(docebo={"page_size": 50}, descope={"batch_size": 50})
    place.configure(**scene.config)
    return scene


def run(place: Place, scene: Scene) -> Run:
    return go(place, FastClock(scene.factor) if scene.factor else None)


def test_n13_n14_p6_every_switch_gives_the_same_right_result(place: Place, case: Case) -> None:
    """Under each value everybody ends as under the default, or as listed; Descope's work for the catch-up pass, too."""
    scene = arrange(place, case)
    start = oracle.before(place)

    first = run(place, scene)

    other = case.other or Other(3, "", COUNTS, REASONS)
    assert first.code == other.code, first.error
    if other.counts is not None:
        assert (first.counts, first.reasons) == (other.counts, other.reasons)
    if {case.switch, (case.switch, case.name)}.isdisjoint(NOT_FOR_THE_ORACLE):
        oracle.check(place, start, whole=first.code == 3)
        assert not differences(place).exists()
    if first.code != 3:
        recover(place, start)
    elif case.api == "descope" and {case.switch, (case.switch, case.name)}.isdisjoint(NO_SECOND_RUN):
        catch_up(place, scene, first)  # Docebo's switches are about reading, which the first run did


def differences(place: Place) -> Path:
    """Where the program lists users who came back other than they were sent."""
    return place.folder / "reports" / "differences.csv"


def recover(place: Place, start: oracle.Before) -> None:
    """Nothing was spoilt: with everything as usual the next run gives the usual result."""
    control = place.sandbox.control
    usual = {api: model().model_dump() for api, model in APIS.items()}
    control.set_switches(docebo=usual["docebo"], descope=usual["descope"])
    place.settings.clear()
    place.configure(docebo={"page_size": 50}, descope={"batch_size": 50})
    again = go(place)
    assert (again.counts, again.reasons) == (COUNTS, REASONS)
    oracle.check(place, start)


def catch_up(place: Place, scene: Scene, first: Run) -> None:
    """A changed name and a changed address arrive, and nobody is created anew."""
    control = place.sandbox.control
    control.patch_docebo_user(SOMEBODY["user_id"], fullname="Neue Frau")
    control.patch_docebo_user(ANOTHER["user_id"], email="brand.new@example.org")
    start = oracle.before(place)
    again = run(place, scene)
    assert again.code == first.code, again.error
    changed = 1 if first.counts.get("failed") else 2  # one of the two may be the one that is refused
    assert again.counts == first.counts | {"created": first.counts["created"] - changed, "updated": changed}
    oracle.check(place, start)
    assert not any(entry["path"] == CREATE and entry["committed"] for entry in place.journal("descope", start.journal))


def test_every_value_listed_here_belongs_to_a_switch() -> None:
    """The tables above name no switch that is gone."""
    known = {name for model in APIS.values() for name in model.model_fields}
    tables = (*VALUES, *SCENES, *OTHERS, *NO_SECOND_RUN, *NOT_FOR_THE_ORACLE)
    assert {key if isinstance(key, str) else key[0] for key in tables} <= known


# Several lives of one migration, where one run shows nothing.


def few(place: Place, **switches: Any) -> list[dict[str, Any]]:
    """Twelve plain people, migrated under these switches of Descope; their Docebo records."""
    place.sandbox.control.reset(users=12, difficult=0)
    place.sandbox.control.set_switches(descope=switches)
    place.configure(mapping={"attributes": {"city": "field_4"}})
    assert go(place).code in (0, 3)
    assert len(place.targets()) == 12
    return place.sources()


@pytest.mark.parametrize(
    "switches",
    [
        {"search_cut": 2},
        {"test_users_pattern": "."},
        {"test_users_pattern": ".", "load_hides_test_users": "on"},
        {"attribute_values": "strings"},
    ],
    ids=str,
)
def test_a3_a_new_checkpoint_doubles_nobody_whose_address_moved(
    place: Place, tmp_path: Path, switches: dict[str, Any]
) -> None:
    """Whoever bears our mark is not created again, however the project hides, cuts or spells the mark."""
    people_there = few(place, **switches)
    for number, record in enumerate(people_there[::3]):
        place.sandbox.control.patch_docebo_user(record["user_id"], email=f"moved{number}@example.org")
    start = oracle.before(place)
    second = Place(tmp_path, place.sandbox, "sqlite:///migrator.db", {"mapping": {"attributes": {"city": "field_4"}}})

    go(second)

    assert [e for e in place.journal("descope", start.journal) if e["path"] == CREATE and e["committed"]] == []
    assert len(place.targets()) == 12


@pytest.mark.parametrize("total", ["found", "asked"])
def test_n13_a_total_of_the_asked_ids_hides_no_deleted_user(place: Place, total: str) -> None:
    """Of somebody deleted at Descope the run says so, whatever users/load counts."""
    somebody, other = few(place, users_load_total=total)[:2]
    gone = next(u for u in place.targets() if u["customAttributes"]["doceboUserId"] == str(somebody["user_id"]))
    place.sandbox.control.delete_descope_user(gone["userId"])
    for record in (somebody, other):
        place.sandbox.control.patch_docebo_user(record["user_id"], fullname="Neue Frau")

    again = go(place)

    assert (again.code, again.counts.get("updated")) == (3, 1), again.error
    assert again.reasons == {"deleted_at_descope": 1}


@pytest.mark.parametrize("ignored_by", ["create", "change"])
def test_a2_what_was_lost_without_a_word_is_told_in_every_run_until_it_is_right(place: Place, ignored_by: str) -> None:
    """An attribute that creates or changes alone lose makes exit 3 and a line of differences as long as it is wrong."""
    somebody = few(place, ignored_attribute="city", ignored_by=ignored_by)[0]
    if ignored_by == "change":
        assert not differences(place).exists()
        place.sandbox.control.patch_docebo_user(somebody["user_id"], field_4="Reykjavik")

    for _ in range(3):
        code = go(place).code

        cities = {str(record["user_id"]): record["field_4"] or None for record in place.sources()}
        held = [user["customAttributes"] for user in place.targets()]
        wrong = any(own.get("city") != cities[own["doceboUserId"]] for own in held)
        assert (code == 3, differences(place).exists()) == (wrong, wrong)


def test_a1_rights_that_end_in_a_catch_up_run_make_nobody_vanish(place: Place) -> None:
    """A power user's list that agrees with itself stops the run before anybody is called gone."""
    somebody = few(place)[0]
    place.sandbox.control.put_docebo_user(somebody | {"user_id": "99", "username": "new", "email": "new@example.org"})
    place.configure(docebo={"page_size": 4})
    place.sandbox.control.set_switches(docebo={"rights_end_after": 4, "power_user_sees": 2})

    again = go(place)

    assert again.code in (2, 4)
    assert "vanished" not in {row["state"] for row in oracle.read_rows(place.checkpoint, place).values()}
