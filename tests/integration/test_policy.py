"""What the policy decides and no policy may do (docs/reliability.md D8); personal data after the end."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import calls, go
from sqlalchemy import create_engine, inspect, select, table, text

from migrator.sandbox import people

if TYPE_CHECKING:
    from world import Place

SOURCES = {
    "active": {"status": "1", "expired": False},
    "suspended": {"status": "0", "expired": False},
    "expired": {"status": "1", "expired": True},
    "suspended and expired": {"status": "0", "expired": True},
}


def put(place: Place, number: int, **keys: Any) -> str:
    return place.sandbox.control.put_docebo_user(people.person(number, 77).record | keys)


def by_mark(place: Place) -> dict[str, dict[str, Any]]:
    return {str(user["customAttributes"].get("doceboUserId")): user for user in place.targets()}


def test_d8_status_and_verification_of_a_new_user(any_place: Place) -> None:
    """Only an active person is enabled, and only an address Docebo confirmed is verified: every combination."""
    cases = list(itertools.product(SOURCES, ("0", "1", None, "yes")))
    ids = [
        put(any_place, number, **SOURCES[source], email_validation_status=confirmed)
        for number, (source, confirmed) in enumerate(cases)
    ]
    start = oracle.before(any_place)

    assert go(any_place).counts == {"found": len(cases), "created": len(cases)}

    targets = oracle.check(any_place, start).targets
    for user_id, (source, confirmed) in zip(ids, cases, strict=True):
        assert targets[user_id]["status"] == ("enabled" if source == "active" else "disabled")
        assert targets[user_id]["verifiedEmail"] is (confirmed == "1")
        assert targets[user_id]["verifiedPhone"] is False
        assert targets[user_id]["customAttributes"]["freshlyMigrated"] is True


def test_d8_the_mapping_says_what_a_status_becomes(place: Place) -> None:
    """`mapping.status` may enable the expired, and then does."""
    place.configure(mapping={"status": {"active": "disabled", "suspended": "disabled", "expired": "enabled"}})
    ids = {source: put(place, number, **keys) for number, (source, keys) in enumerate(SOURCES.items())}

    go(place)

    states = {source: by_mark(place)[user_id]["status"] for source, user_id in ids.items()}
    assert states == {
        "active": "disabled", "suspended": "disabled", "expired": "enabled", "suspended and expired": "disabled",
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["source_wins", "fill_if_empty"])
def test_d8_an_update_never_enables_unverifies_or_makes_fresh_again(place: Place, rule: str) -> None:
    """Whatever a person has become at Descope, a later run takes nothing back; every combination, after a change."""
    place.configure(policy={"update": {"default": rule}})
    cases = list(
        itertools.product(
            ("active", "suspended"), ("enabled", "disabled", "invited", "expired"),
            (False, True), ("0", "1"), (True, False),
        )
    )  # fmt: skip
    ids = [put(place, n, **SOURCES[source], email_validation_status="0") for n, (source, *_) in enumerate(cases)]
    go(place)
    known = by_mark(place)
    for user_id, (_, status, verified, confirmed, fresh) in zip(ids, cases, strict=True):
        attributes = known[user_id]["customAttributes"] | {"freshlyMigrated": fresh}
        changed = {"status": status, "verifiedEmail": verified, "customAttributes": attributes}
        place.sandbox.control.put_descope_user(known[user_id] | changed)
        place.sandbox.control.patch_docebo_user(
            user_id, fullname="Somebody New", field_4="Elsewhere", email_validation_status=confirmed
        )

    go(place)

    now = by_mark(place)
    assert {user["name"] for user in now.values()} == (
        {"Somebody New"} if rule == "source_wins" else {user["name"] for user in known.values()}
    )
    for user_id, (source, status, verified, confirmed, fresh) in zip(ids, cases, strict=True):
        wanted = {"invited": "enabled"}.get(status, status)
        if source == "suspended" and status in ("enabled", "invited"):
            wanted = "disabled"
        assert now[user_id]["status"] == (wanted if rule == "source_wins" else status)
        assert now[user_id]["verifiedEmail"] is (verified or confirmed == "1")
        assert now[user_id]["customAttributes"].get("freshlyMigrated") is fresh


def test_an_existing_user_is_linked_when_the_policy_says_so(place: Place) -> None:
    """Our mark and what was empty are added; everything a stranger had stays, status and e-mail too."""
    place.configure(policy={"existing": "link"})
    ids = [
        put(place, n, email=f"here{n}@example.org", fullname="From Docebo", avatar="https://a.example/p.png")
        for n in range(3)
    ]
    had: list[dict[str, Any]] = [
        {"name": "Own Name", "status": "disabled", "verifiedEmail": False, "phone": "+4915112345678"},
        {"name": "", "email": "", "status": "invited", "picture": "https://own.example/x.png"},
        {"name": "", "customAttributes": {"department": "Sales", "freshlyMigrated": False}},
    ]
    place.sandbox.control.reset(users=0)
    for number in range(len(ids)):
        put(place, number, email=f"here{number}@example.org", fullname="From Docebo", avatar="https://a.example/p.png")
        login = f"here{number}@example.org"
        place.sandbox.control.put_descope_user({"loginIds": [login], "email": login, **had[number]})

    ended = go(place)

    assert ended.counts == {"found": 3, "updated": 3}
    now = by_mark(place)
    for user_id, before in zip(ids, had, strict=True):
        for key, value in before.items():
            if value and key != "customAttributes":
                assert now[user_id][key] == value
    assert [now[user_id]["name"] for user_id in ids] == ["Own Name", "From Docebo", "From Docebo"]
    assert now[ids[1]]["picture"] == "https://own.example/x.png"
    assert now[ids[2]]["customAttributes"]["department"] == "Sales"
    assert now[ids[2]]["customAttributes"]["freshlyMigrated"] is False
    assert not calls(place, "/v1/mgmt/user/create/batch")
    assert go(place).counts == ended.counts


def test_link_touches_nobody_who_belongs_to_another_migration(place: Place) -> None:
    """A user with another platform's mark is a conflict under `link` too."""
    place.configure(policy={"existing": "link"})
    put(place, 1, email="here@example.org")
    mark = {"doceboUserId": "1", "doceboPlatform": "other.docebosaas.com"}
    place.sandbox.control.put_descope_user({"loginIds": ["here@example.org"], "customAttributes": mark})
    before = place.targets()

    assert go(place).reasons == {"login_taken": 1}

    assert place.targets() == before


RULES = {
    "source_wins": {"Full": "new", "Empty": "new"},
    "fill_if_empty": {"Full": "old", "Empty": "new"},
    "target_wins": {"Full": "old", "Empty": ""},
}


@pytest.mark.parametrize("rule", RULES)
def test_update_rules_by_field(place: Place, rule: str) -> None:
    """`policy.update` decides for each field whether Docebo wins; other fields keep the default."""
    place.configure(policy={"update": {"name": rule}})
    ids = {word: put(place, number, fullname="old") for number, word in enumerate(("Full", "Empty"))}
    go(place)
    known = by_mark(place)
    place.sandbox.control.put_descope_user(known[ids["Empty"]] | {"name": ""})
    for user_id in ids.values():
        place.sandbox.control.patch_docebo_user(user_id, fullname="new", first_name="Given")

    go(place)

    now = by_mark(place)
    assert {word: now[user_id]["name"] for word, user_id in ids.items()} == RULES[rule]
    assert {now[user_id]["givenName"] for user_id in ids.values()} == {"Given"}


def test_target_wins_leaves_a_changed_address_alone(place: Place) -> None:
    """With `email: target_wins` neither address nor login id moves."""
    place.configure(policy={"update": {"email": "target_wins"}})
    user_id = put(place, 1, email="first@example.org")
    go(place)
    place.sandbox.control.patch_docebo_user(user_id, email="second@example.org", fullname="Changed")

    assert go(place).counts == {"found": 1, "updated": 1}

    assert by_mark(place)[user_id]["loginIds"] == ["first@example.org"]
    assert by_mark(place)[user_id]["name"] == "Changed"


def test_include_leaves_the_others_out_until_it_says_otherwise(any_place: Place) -> None:
    """Who is not included is skipped, takes nobody's login, and is sent as soon as the policy includes it."""
    any_place.configure(policy={"include": ["active"]})
    put(any_place, 1, email="shared@example.org")
    put(any_place, 2, email="shared@example.org", **SOURCES["suspended"])
    put(any_place, 3, **SOURCES["expired"])
    start = oracle.before(any_place)

    first = go(any_place)

    assert first.counts == {"found": 3, "created": 1, "skipped": 2}
    assert first.reasons == {"not_included": 2}
    any_place.configure(policy={"include": ["active", "suspended", "expired"]})
    second = go(any_place)
    assert second.counts == {"found": 3, "created": 2, "conflict": 1}
    oracle.check(any_place, start)


# --- personal data -------------------------------------------------------------------------------


def canaries(place: Place) -> list[bytes]:
    """Words of every person that may stand nowhere after the end."""
    words = {str(user[key]) for user in place.sources() for key in ("email", "fullname", "last_name", "username")}
    return [form for word in words for form in {word.encode(), word.lower().encode(), ascii(word)[1:-1].encode()}]


def traces(place: Place) -> list[bytes]:
    """Which of them stand in the checkpoint: in its raw bytes, or in any column of PostgreSQL."""
    if place.checkpoint.startswith("sqlite"):
        raw = b"".join(path.read_bytes() for path in place.folder.glob("migrator.db*"))
    else:
        engine = create_engine(place.checkpoint)
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            rows = [connection.execute(select(text("*")).select_from(table(name))).all() for name in tables]
            raw = str(rows).encode()
        engine.dispose()
    return [word for word in canaries(place) if word in raw]


@pytest.mark.parametrize("keep", ["until_done", "always"])
def test_i8_no_personal_data_is_left_after_the_end(any_place: Place, keep: str) -> None:
    """After a finished run no name, address or user name stands in the checkpoint, unless they are to be kept."""
    any_place.configure(checkpoint={"keep_profiles": keep})
    for number in range(30):
        put(
            any_place,
            number,
            fullname=f"Canary{number} Quetzal{number}",
            last_name=f"Quetzal{number}",
            username=f"login.{number}.canary",
        )
    assert go(any_place).counts == {"found": 30, "created": 30}
    assert bool(traces(any_place)) is (keep == "always")

    one = any_place.sources()[0]
    any_place.sandbox.control.patch_docebo_user(
        one["user_id"], fullname="Changed Canary", email="moved.canary@example.org"
    )
    gone = any_place.sources()[1]
    any_place.sandbox.control.delete_docebo_user(gone["user_id"])
    assert go(any_place).counts == {"found": 30, "created": 28, "updated": 1, "vanished": 1}

    assert bool(traces(any_place)) is (keep == "always")


def test_i8_people_left_out_on_purpose_leave_no_trace_either(any_place: Place) -> None:
    """Nobody needs the data of somebody the policy or the limit left out, once the run is done."""
    any_place.configure(policy={"include": ["active"]})
    for number in range(6):
        keys = SOURCES["suspended"] if number % 2 else SOURCES["active"]
        put(
            any_place,
            number,
            fullname=f"Canary{number} Quetzal{number}",
            last_name=f"Quetzal{number}",
            username=f"login.{number}.canary",
            **keys,
        )

    assert go(any_place, limit=2).counts == {"found": 6, "created": 2, "skipped": 4}

    assert traces(any_place) == []
    assert go(any_place).counts == {"found": 6, "created": 3, "skipped": 3}
    assert traces(any_place) == []
