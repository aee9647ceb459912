"""`migrator demo`: the whole product in one command, without any account."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from world import Place


def test_the_demo_prints_counts_that_add_up_and_paths_that_exist(place: Place) -> None:
    """Counts, calls, speed, and where summary, problem list and checkpoint are; exit 0."""
    ended = place.command("demo", "--users", "300", "--dir", "try")

    assert ended.code == 0, ended.err
    numbers = {
        name: int(number.replace(",", ""))
        for name, number in re.findall(r"^  (\w+) +([\d,]+)$", ended.out, re.MULTILINE)
    }
    assert numbers.pop("known") == sum(numbers.values()) == 300
    assert numbers["created"] > 200
    assert re.search(r"20 login_taken: ", ended.out)
    assert re.search(r"calls: Docebo \d+, Descope \d+ \(writes \d+\), throttled \d+", ended.out)
    assert re.search(r"[\d.]+ s, [\d.,]+ users/s", ended.out)
    for name in ("summary.json", "problems.csv"):
        assert f"{place.folder}/try/reports/{name}" in ended.out
        assert (place.folder / "try" / "reports" / name).is_file()
    assert f"sqlite:///{place.folder}/try/migrator.db" in ended.out
    assert (place.folder / "try" / "migrator.db").is_file()


def test_the_demo_can_be_repeated(place: Place) -> None:
    """The second demo says that it starts afresh, because the first one's servers are gone, and ends alike."""
    first = place.command("demo", "--users", "100", "--json")
    second = place.command("demo", "--users", "100", "--json")

    assert (first.code, second.code) == (0, 0), second.err
    assert "Starting afresh" in second.err
    assert second.document["counts"] == first.document["counts"]
    assert second.document["outcome"] == "needs_person"
    assert all(Path(path).is_file() for path in second.document["reports"])
    summary = json.loads((place.folder / "demo" / "reports" / "summary.json").read_text(encoding="utf-8"))
    assert summary["counts"] == second.document["counts"]
