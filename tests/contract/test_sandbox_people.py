"""The made-up people are the same for the same seed and cover every class of difficulty."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from migrator.sandbox import people


def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    assert people.make(300, 5, 0.2) == people.make(300, 5, 0.2)
    assert people.make(300, 5, 0.2) != people.make(300, 6, 0.2)


def test_a_person_does_not_depend_on_how_many_there_are() -> None:
    assert people.make(100, 5, 0.3) == people.make(1000, 5, 0.3)[:100]


@pytest.mark.parametrize("difficult", [0.0, 0.05, 0.3, 1.0])
def test_the_difficult_share_is_exact_and_even_over_the_classes(difficult: float) -> None:
    kinds = Counter(person.kind for person in people.make(2400, 1, difficult))

    assert 2400 - kinds.pop("ordinary", 0) == round(2400 * difficult)
    assert max(kinds.values(), default=0) - min(kinds.values(), default=0) <= 1
    assert set(kinds) == (set(people.DIFFICULT_KINDS) if difficult else set())


def test_ids_and_usernames_are_unique_and_in_different_orders() -> None:
    made = people.make(3000, 2, 0.2)
    numbers = [int(person.user_id) for person in made]
    by_name = [int(person.user_id) for person in sorted(made, key=lambda one: one.record["username"])]

    assert len(set(numbers)) == len({person.record["username"] for person in made}) == 3000
    assert numbers != sorted(numbers)
    assert by_name not in (numbers, sorted(numbers))
    assert max(numbers) - min(numbers) > 3000


def test_ordinary_addresses_are_unique_ascii_on_domains_with_a_dot() -> None:
    emails = [person.record["email"] for person in people.make(3000, 2)]

    assert len({email.lower() for email in emails}) == 3000
    assert all(email.isascii() and "." in email.partition("@")[2] for email in emails)


def test_names_come_in_many_scripts() -> None:
    letters = {char for person in people.make(1000, 1) for char in person.record["fullname"] if char.isalpha()}
    scripts = {unicodedata.name(char).split()[0] for char in letters}

    assert scripts >= {
        *("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK"),
        *("HIRAGANA", "KATAKANA", "HANGUL", "DEVANAGARI", "THAI"),
    }


def test_each_class_shows_its_difficulty() -> None:
    made = people.make(2000, 1, 0.5)
    records = {kind: [p.record for p in made if p.kind == kind] for kind in people.DIFFICULT_KINDS}
    by_id = {person.user_id: person for person in made}

    assert {repr(r.get("email", "missing")) for r in records["no_email"]} == {"''", "None", "'missing'"}
    assert {r["status"] for r in records["suspended"]} == {"0"}
    assert {r["expired"] for r in records["expired"]} == {True}
    assert {type(r["user_id"]) for r in records["integer_id"]} == {int}
    assert all("uuid" not in r for r in records["missing_keys"])
    assert all(r["country"] == "IT" for r in records["extra_keys"])
    assert all(len(r["fullname"]) > 254 for r in records["long_name"])
    assert all("&" in r["fullname"] for r in records["html_entities"])
    assert all("\x00" in r["fullname"] for r in records["control_characters"])
    assert {r["expiration_date"] for r in records["zero_dates"]} >= {None, "", "0", "0000-00-00"}
    assert {r["email"] for r in records["bad_email"]} >= {"not-an-address", "two@@example.org"}
    for person in made:
        if person.kind == "duplicate_email":
            twin = by_id[person.twin].record["email"]
            assert person.record["email"] != twin
            assert person.record["email"].lower() == twin.lower()


def test_optional_fields_are_null_empty_and_missing_among_ordinary_people() -> None:
    values = {person.record.get("field_9", "missing") for person in people.make(300, 1)}

    assert values >= {None, "", "missing"}


def test_pending_users_lack_what_the_contract_says_they_lack() -> None:
    waiting = people.pending(4, 1)

    assert len({record["user_id"] for record in waiting}) == 4
    assert all("status" not in record and "level" not in record for record in waiting)
    assert all(record["confirmed"] == "1" for record in waiting)
