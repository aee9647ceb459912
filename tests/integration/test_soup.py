"""Fault soup (docs/reliability.md N16): about every fifth request of a whole migration meets a fault, seeded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import go, impatient
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from figures import Note
    from world import Place

P = 0.3  # that some rule fires; as most fit only some requests, about every fifth request is hit
MOST_RUNS = 30  # with faults; then they stop, and one run must finish
ALWAYS = 100  # seeds of every test run; the rest is for the soak

GATEWAY = (408, 500, 502, 503, 504, 520, 522, 524)
LIST_FIELDS = ("data", "data.items", "data.has_more_data", "data.total_count", "data.count", "data.items.0")
BATCH_FIELDS = ("createdUsers", "failedUsers", "createdUsers.0", "createdUsers.0.userId", "createdUsers.0.loginIds")


def faults(rng: random.Random) -> list[dict[str, Any]]:
    """One rule for each kind of fault, with parameters of this seed; together they hit a request as `P` says."""

    def status(*codes: int) -> dict[str, Any]:
        params = {"code": rng.choice(codes), "body": rng.choice(("json", "html", "empty"))}
        return {"kind": "status", "params": params}

    def dropped(*fields: str) -> dict[str, Any]:
        return {"path": rng.choice(fields), "how": rng.choice(("missing", "null", "wrong_type"))}

    writes = r"/(create|patch|update)"
    rules: list[dict[str, Any]] = [
        {"kind": "reset"},
        {"kind": "reset", "params": {"sent": rng.randrange(1, 400)}},
        {"kind": "close"},
        {"kind": "lost"},
        {"kind": "cut_length"},
        {"kind": "cut_chunked"},
        {"kind": "cut_json", "params": {"keep": rng.random()}},
        {"kind": "cut_json", "params": {"keep": rng.random(), "valid": True}},
        {"kind": "duplicate_keys"},
        {"kind": "drip", "params": {"seconds": 0.05}},
        {"kind": "slow", "params": {"seconds": 0.02}},
        {"kind": "html200"},
        {"kind": "empty200"},
        {"kind": "wrong_shape", "params": {"text": rng.choice(("[]", "null", "{}", '"text"', "7"))}},
        {"kind": "deep_json"},
        {"kind": "gzip_bomb", "params": {"mib": 17}},
        {"kind": "redirect", "params": {"location": "/elsewhere", "code": rng.choice((301, 302, 303, 307, 308))}},
        {"kind": "revoke_tokens", "api": "docebo"},
        status(*GATEWAY) | {"when": "before"},
        status(*GATEWAY) | {"when": "after"},
        status(400, 409, 413, 422) | {"path": writes, "when": "before"},
        status(400, 413) | {"path": writes, "when": "after"},
        status(401, 403) | {"when": "before"},
        {"kind": "status", "params": {"code": 429, "headers": {"Retry-After": rng.choice(("1", "30", "abc", ""))}}},
        {"kind": "drop_field", "api": "docebo", "params": dropped(*LIST_FIELDS)},
        {"kind": "drop_field", "path": "create/batch", "params": dropped(*BATCH_FIELDS)},
        {"kind": "drop_field", "path": "search", "params": dropped("users", "total", "users.0", "users.0.userId")},
        {"kind": "drop_field", "path": "load", "params": dropped("users", "total", "users.0", "users.0.userId")},
    ]
    # A lost or dropped answer waits for a deadline in real time: every kind is as likely, but for these two.
    each = 1 - (1 - P) ** (1 / len(rules))
    return [
        {"seed": rng.randrange(10**9), "probability": each / 3 if rule["kind"] in ("lost", "drip") else each} | rule
        for rule in rules
    ]


def arrange(place: Place, rng: random.Random, seed: int) -> None:
    """A few people, small batches, and a Descope that behaves in one of its possible ways."""
    existing_login = rng.choice(("reject", "tolerate", "overwrite"))
    place.configure(
        docebo={"page_size": rng.choice((4, 7, 30))},
        descope={"batch_size": rng.randrange(4, 11), "settle_seconds": rng.choice((0, 60))},
        run={"concurrency": rng.choice((1, 1, 3))},
    )
    control = place.sandbox.control
    control.reset(users=rng.randrange(12, 31), difficult=rng.choice((0, 0.2)), strangers=rng.randrange(4), seed=seed)
    control.set_switches(
        descope={
            "existing_login": existing_login,
            "batch_answer": rng.choice(("honest", "both", "neither", "extra", "twice")),
            "batch_order": rng.choice(("request", "reversed", "shuffled")),
            "failed_user": rng.choice(("full", "partial", "email", "login_id", "null")),
            "patch_attributes": rng.choice(("merge", "replace")),
            "additional_errors": rng.choice(("off", "on")),
        },
        docebo={"total_count": rng.choice(("correct", "correct", "zero")), "count": rng.choice(("page", "overall"))},
    )


def edit(place: Place, rng: random.Random) -> None:
    """Some people change: a name, an address, a status."""
    people = [user for user in place.sources() if "@" in str(user.get("email"))]
    for number, keys in enumerate(
        ({"fullname": "Neue Frau"}, {"email": f"new{rng.randrange(10**6)}@example.org"}, {"status": "0"})
    ):
        place.sandbox.control.patch_docebo_user(str(people[number]["user_id"]), **keys)


def soup(place: Place, seed: int) -> None:
    """Run under faults until it is done, people changing meanwhile; then once more in peace."""
    rng = random.Random(seed)
    arrange(place, rng, seed)
    start = oracle.before(place)
    place.sandbox.control.set_faults(*faults(rng))
    with impatient(0.2):
        for number in range(1, MOST_RUNS + 1):
            clock = VirtualClock()
            run = go(place, clock)
            assert run.code in (0, 2, 3, 4), run.error
            assert sum(clock.waits) < 4 * 3600
            if number == 1:
                edit(place, rng)
            elif run.code in (0, 3):
                break
    place.sandbox.control.clear_faults()
    last = go(place)
    assert last.code in (0, 3), last.error
    oracle.check(place, start, again=True)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.soak] * (n >= ALWAYS)) for n in range(2000)])
def test_n16_any_request_may_fail_in_any_way(place: Place, seed: int, note: Note) -> None:
    """Under the soup every run ends as documented, and when it stops one run finishes; I1-I10 hold throughout."""
    print(f"replay: .venv/bin/pytest -m '' tests/integration/test_soup.py -k 'any_request and [{seed}]'")

    soup(place, seed)

    requests = place.sandbox.control.journal()
    note("N16", "seeds of fault soup", 1)
    note("N16", "requests in the soup", len(requests))
    note("N16", "of them faulty", sum(1 for entry in requests if entry["fault"]))
