"""A world with a problem of every kind that a person can decide about, and files with the decisions."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from world import Place

NEW_ADDRESS = "given.by.hand@example.org"


def trouble(place: Place) -> None:
    """Ten people: 1 and 2 share an address, that of 3 is none, and strangers have those of 4 and 5."""
    control = place.sandbox.control
    control.reset(users=10, strangers=0, difficult=0.0)
    people = sorted(place.sources(), key=lambda user: int(user["user_id"]))
    control.patch_docebo_user(str(people[1]["user_id"]), email=people[0]["email"])
    control.patch_docebo_user(str(people[2]["user_id"]), email="no.address.at.all")
    for person in people[3:5]:
        control.put_descope_user({"loginIds": [person["email"]], "email": person["email"], "name": "A Stranger"})


def problems(place: Place) -> dict[str, dict[str, str]]:
    """The rows of problems.csv by Docebo id."""
    with (place.folder / "reports" / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["docebo_user_id"]: row for row in csv.DictReader(file)}


def fill_in(place: Place, **decisions: str) -> Path:
    """A file with these decisions, by Docebo id behind `u`, as `keep` or `login_id ann@example.org`."""
    rows = problems(place)
    for name, text in decisions.items():
        kind, _, value = text.partition(" ")
        rows[name[1:]] |= {"decision": kind, "value": value}
    path = place.folder / "decided.csv"
    write(path, list(rows.values()))
    return path


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write such a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def ids(place: Place) -> list[str]:
    """The Docebo ids, the lowest first."""
    return sorted((str(user["user_id"]) for user in place.sources()), key=int)


def all_decided(place: Place) -> Path:
    """Every problem of the world with its decision."""
    one, two, three, four, five, *_ = ids(place)
    decided = {one: "keep", two: "skip", three: f"login_id {NEW_ADDRESS}", four: "link", five: "skip"}
    return fill_in(place, **{f"u{user_id}": text for user_id, text in decided.items()})
