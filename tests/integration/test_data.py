"""People who collide, are already there, or whose data is strange (docs/reliability.md D1 to D7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import go

from migrator.sandbox import people

if TYPE_CHECKING:
    from oracle import Before, Verdict
    from world import Place

# Pairs of addresses that one mail server, one eye or one database could take for the same (docs/decisions/0008).
COLLIDING = {
    "same": ("same@example.org", "same@example.org"),
    "case": ("case@example.org", "CASE@Example.ORG"),
    "trailing blank": ("blank@example.org", "blank@example.org "),
    "leading blank": ("front@example.org", "\tfront@example.org"),
    "NFC and NFD": ("zo\u00eb@example.org", "zoe\u0308@example.org"),
    "full width": ("wide@example.org", "\uff57\uff49\uff44\uff45@example.org"),
    "ss and \u00df": ("strasse@example.org", "stra\u00dfe@example.org"),
    "IDN and punycode": ("idn@b\u00fccher.example.org", "idn@xn--bcher-kva.example.org"),
    "IDN in other forms": ("nfd@\u00e4pfel.example.org", "nfd@a\u0308pfel.example.org"),
    "ligature": ("office@example.org", "o\ufb03ce@example.org"),
}
DIFFERENT = {
    "dots": ("a.b@example.org", "ab@example.org"),
    "tag": ("tag@example.org", "tag+x@example.org"),
    "accent": ("rene@example.org", "ren\u00e9@example.org"),
    "domain": ("same@example.net", "same@example.com"),
}


def put(place: Place, number: int, **keys: Any) -> str:
    """A person at Docebo with some keys of their own; the user id as text."""
    return place.sandbox.control.put_docebo_user(people.person(number, 77).record | keys)


def test_d1_colliding_addresses_all_wait_for_a_person(any_place: Place) -> None:
    """Of every pair nobody is migrated and nobody guessed; people whose addresses merely look alike are."""
    place = any_place
    pairs = list(COLLIDING.values()) + list(DIFFERENT.values())
    addresses = [address for pair in pairs for address in pair]
    ids = [put(place, number, email=address) for number, address in enumerate(addresses)]
    start = oracle.before(place)

    ended = go(place)

    assert ended.code == 3
    verdict = oracle.check(place, start)
    states = {address: verdict.rows[user_id]["state"] for address, user_id in zip(addresses, ids, strict=True)}
    for name, pair in COLLIDING.items():
        assert {states[address] for address in pair} == {"conflict"}, name
    for name, pair in DIFFERENT.items():
        assert {states[address] for address in pair} == {"created"}, name
    assert set(ended.reasons) == {"duplicate_email"}
    assert go(place).counts == ended.counts


def test_d1_solved_by_a_person_the_next_run_migrates_both(place: Place) -> None:
    """As soon as one of the two has an address of its own, both arrive."""
    put(place, 1, email="both@example.org")
    other = put(place, 2, email="BOTH@example.org")
    assert go(place).counts == {"found": 2, "conflict": 2}
    place.sandbox.control.patch_docebo_user(other, email="other@example.org")
    start = oracle.before(place)

    assert go(place).counts == {"found": 2, "created": 2}
    oracle.check(place, start)


def test_d1_a_newcomer_never_takes_the_login_of_somebody_who_arrived(place: Place) -> None:
    """A second person with the address of one who is already over is the conflict, whatever the policy says."""
    place.configure(policy={"duplicate_email": "oldest"})
    first = put(place, 1, email="mine@example.org", creation_date="2022-01-01 00:00:00")
    go(place)
    second = put(place, 2, email="Mine@example.org", creation_date="2010-01-01 00:00:00")
    start = oracle.before(place)

    assert go(place).counts == {"found": 2, "created": 1, "conflict": 1}

    rows = oracle.check(place, start).rows
    assert (rows[first]["state"], rows[second]["state"]) == ("created", "conflict")


# --- D2: somebody answers to the login already ---------------------------------------------------


@pytest.fixture
def planted(place: Place) -> tuple[Place, str]:
    """A project in which our attributes are defined, and a Docebo user who is not over yet; its id."""
    put(place, 1)
    go(place)
    for path in place.folder.glob("migrator.db*"):
        path.unlink()
    return place, put(place, 2, email="here@example.org", fullname="Here Now")


def plant(place: Place, user_id: str, platform: str, *logins: str, **fields: Any) -> str:
    attributes = {"doceboUserId": user_id, "doceboPlatform": platform, "freshlyMigrated": False} if platform else {}
    values = {"loginIds": list(logins), "email": logins[0], "customAttributes": attributes, **fields}
    return place.sandbox.control.put_descope_user(values)


def judge(place: Place, user_id: str) -> tuple[dict[str, Any], Verdict, Before]:
    start = oracle.before(place)
    go(place)
    verdict = oracle.check(place, start, whole=False)
    return verdict.rows[user_id], verdict, start


def test_d2_ours_is_adopted(planted: tuple[Place, str]) -> None:
    """A user with exactly our mark, made by a run whose checkpoint is gone, is adopted and mended, not created."""
    place, user_id = planted
    platform = oracle.before(place).platform
    there = plant(place, user_id, platform, "here@example.org", name="Old Name")

    row, verdict, _ = judge(place, user_id)

    assert (row["state"], row["target_id"]) == ("updated", there)
    assert verdict.creates == 0
    assert verdict.targets[user_id]["name"] == "Here Now"


@pytest.mark.parametrize(
    ("user_id", "platform"),
    [("", ""), (None, "other.docebosaas.com"), ("424242", "ours")],
    ids=["stranger", "another platform's", "another user's"],
)
def test_d2_somebody_elses_login_is_left_alone(planted: tuple[Place, str], user_id: str | None, platform: str) -> None:
    """A stranger, the same number from another platform, another of our users: a conflict, and not one byte changed."""
    place, mine = planted
    ours = oracle.before(place).platform
    there = plant(
        place, mine if user_id is None else user_id, ours if platform == "ours" else platform, "here@example.org"
    )
    as_it_was = next(user for user in place.targets() if user["userId"] == there)

    row, verdict, _ = judge(place, mine)

    assert (row["state"], row["reason"]) == ("conflict", "login_taken")
    assert verdict.creates == 0
    assert next(user for user in place.targets() if user["userId"] == there) == as_it_was


@pytest.mark.parametrize("first", ["here@example.org", "elsewhere@example.org"])
def test_d2_several_with_our_mark_wait_for_a_person(planted: tuple[Place, str], first: str) -> None:
    """Two Descope users with the mark of one Docebo user: neither is chosen, whichever is found first."""
    place, user_id = planted
    platform = oracle.before(place).platform
    second = "elsewhere@example.org" if first == "here@example.org" else "here@example.org"
    plant(place, user_id, platform, first)
    plant(place, user_id, platform, second)
    before = place.targets()

    go(place)

    row = oracle.read_rows(place.checkpoint, place)[user_id]
    assert (row["state"], row["reason"]) == ("conflict", "several_matches")
    assert place.targets() == before


# --- D3 to D5: strange records ---------------------------------------------------------------------

BLANKS: tuple[Any, ...] = (None, "", "   ", "None", "null", 0, [], {}, True)
BAD_IDS: tuple[Any, ...] = (None, "", " ", 0, -1, 2**63, "-5", "12x", "None", "9" * 40, 1.5, True, [], {})


def test_d3_records_without_a_usable_address_are_counted_with_a_reason(any_place: Place) -> None:
    """Nothing, blank, null, words and other types as address: rejected by name; the neighbours arrive."""
    ids = [put(any_place, number, email=value) for number, value in enumerate(BLANKS)]
    good = put(any_place, 100)
    start = oracle.before(any_place)

    ended = go(any_place)

    assert ended.counts == {"found": len(BLANKS) + 1, "created": 1, "rejected": len(BLANKS)}
    rows = oracle.check(any_place, start).rows
    assert {rows[user_id]["reason"] for user_id in ids} == {"no_email", "invalid_email"}
    assert rows[good]["state"] == "created"


def test_d3_records_without_a_usable_id_are_counted_with_a_reason(any_place: Place) -> None:
    """Every record is one row, whatever stands where its id belongs, and stays one row in the next run."""
    for number, value in enumerate(BAD_IDS):
        put(any_place, number, user_id=value)
    expected = {"found": len(any_place.sources()) + 1, "created": 1, "rejected": len(any_place.sources())}
    good = put(any_place, 100)

    ended = go(any_place)

    assert ended.counts == expected
    assert set(ended.reasons) == {"no_user_id", "invalid_user_id"}
    assert [user["customAttributes"]["doceboUserId"] for user in any_place.targets()] == [good]
    assert go(any_place).counts == expected


CHARACTERS = {
    "lone surrogate": "\ud83d",
    "surrogates the wrong way round": "\udc4b\ud83d",
    "NUL": "\x00",
    "control": "\x07\x1b[31m\x7f\x85",
    "line breaks": "a\r\nb\u2028c",
    "right-to-left override": "\u202egnp.exe",
    "zero width": "\u200b\u200d\ufeff",
    "emoji": "\U0001f469\u200d\U0001f4bb",
    "beyond 16 bits": "\U00020000\U000e0001",
    "not a character": "\ufffe\uffff\U0010ffff",
    "many marks": "e" + "\u0301" * 500,
    "byte order mark": "\ufeffname",
    "formula": "=HYPERLINK(1)",
    "markup": "<script>alert(1)</script>",
    "SQL": "'; DROP TABLE source_user; --",
}


def test_d4_strange_characters_in_every_field_harm_nobody(any_place: Place) -> None:
    """Each kind in the name, the other fields, the user name and the address: a page is never lost to it."""
    number = 0
    for strange in CHARACTERS.values():
        for key in ("fullname", "first_name", "last_name", "username", "avatar", "field_4", "timezone", "email"):
            number += 1
            put(any_place, number, **{key: strange if key != "email" else f"x{strange}{number}@example.org"})
    good = put(any_place, 9999)
    any_place.configure(mapping={"attributes": {"city": "field_4"}}, docebo={"page_size": 30})
    start = oracle.before(any_place)

    ended = go(any_place)

    verdict = oracle.check(any_place, start)
    assert ended.counts["found"] == number + 1
    assert set(verdict.states) == {"created", "rejected"}
    assert verdict.states["created"] > number * 7 / 8
    assert verdict.rows[good]["state"] == "created"
    assert go(any_place).counts == ended.counts


def test_d5_huge_records_are_shortened_or_rejected_and_harm_nobody(any_place: Place) -> None:
    """A name of 1 MB, 1,000 fields, 10,000 groups, an address of 1 MB: neighbours arrive, requests stay small."""
    long_name = put(any_place, 1, fullname="N" * 2**20, first_name="F" * 300)
    fields = put(any_place, 2, **{f"field_{n}": "x" * 100 for n in range(100, 1100)})
    groups = put(any_place, 3, groups=[{"id": n, "name": f"Group {n}"} for n in range(10_000)])
    address = put(any_place, 4, email="a" * 2**20 + "@example.org")
    good = [put(any_place, number) for number in range(5, 10)]
    start = oracle.before(any_place)

    ended = go(any_place)

    assert ended.counts == {"found": 9, "created": 8, "rejected": 1}
    verdict = oracle.check(any_place, start)
    assert verdict.rows[address]["reason"] == "invalid_email"
    assert {verdict.rows[one]["state"] for one in (long_name, fields, groups, *good)} == {"created"}
    assert "name_cut" in verdict.rows[long_name]["note_codes"]
    assert len(verdict.targets[long_name]["name"]) == 254


# --- D7: another configuration ---------------------------------------------------------------------
