"""`migrator check`: one line for everything that must be right, with the fix for what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from definitions import define

from migrator.cli.commands.check import _clock
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError
from migrator.docebo.client import DoceboClient

if TYPE_CHECKING:
    from world import Place

NAMES = ["configuration", "docebo", "mapping", "descope", "limits", "clock", "database", "report", "disk"]


def lines(place: Place) -> dict[str, dict[str, Any]]:
    """The lines of `check --json` by name, after a look at what always holds."""
    ended = place.command("check", "--json")
    checks = ended.document["checks"]
    assert [line["name"] for line in checks] == NAMES
    assert ended.document["ok"] == all(line["ok"] for line in checks)
    assert ended.code == (0 if ended.document["ok"] else 2)
    assert all(bool(line["fix"]) != line["ok"] for line in checks)
    return {line["name"]: line for line in checks}


def test_all_lines_are_ok_on_a_good_place_and_nothing_is_changed(any_place: Place) -> None:
    """Everything right: nine lines, exit 0; neither a user, an attribute, a file nor a table was made."""
    place = any_place
    files = set(place.folder.iterdir())

    found = lines(place)

    assert all(line["ok"] for line in found.values())
    assert "grant works and sees every user" in found["docebo"]["text"]
    assert "will define the custom attributes doceboUserId" in found["descope"]["text"]
    assert "off the servers' clocks" in found["clock"]["text"]
    assert set(place.folder.iterdir()) == files
    assert [entry for entry in place.journal() if entry["committed"]] == []


def test_check_after_a_run_says_that_all_is_ready(place: Place) -> None:
    """The attributes are defined by then, and the checkpoint has its schema."""
    place.sandbox.control.reset(users=3, difficult=0)
    place.migrate()

    found = lines(place)

    assert "all custom attributes are defined" in found["descope"]["text"]
    assert found["database"]["text"].endswith(": ready")


def test_what_fails_says_how_to_mend_it_and_the_rest_is_checked_all_the_same(place: Place) -> None:
    """Four things are wrong at once: four lines with a fix, the others are ok, exit 2."""
    place.configure(
        docebo={"password": "planted-Canary-0815"},
        descope={"management_key": "planted-Canary-0815"},
        checkpoint={"url": "sqlite:///not/there/migrator.db"},
        report={"dir": "config.yaml/reports"},
    )

    found = lines(place)
    ended = place.command("check")

    assert {name for name, line in found.items() if not line["ok"]} == {"docebo", "descope", "database", "report"}
    assert ended.code == 2
    assert ended.out.count("FAIL ") == ended.out.count("     fix: ") == 4
    assert "planted-Canary" not in ended.out + ended.err


def test_an_attribute_of_another_type_is_found_before_it_does_harm(place: Place) -> None:
    """The attribute freshlyMigrated as a text would be refused for every user, so `check` says so."""
    place.sandbox.control.put_descope_user({"loginId": "a@example.org"})
    define(place, "freshlyMigrated", 1)

    found = lines(place)

    assert not found["descope"]["ok"]
    assert "freshlyMigrated" in found["descope"]["text"]
    assert "boolean" in found["descope"]["fix"]


def test_n17_a_clock_that_is_off_is_told(place: Place) -> None:
    """A machine an hour behind the servers is told to set its clock."""

    class Behind(Clock):
        def time(self) -> float:
            return super().time() - 3600

    clock = Behind()
    client = DoceboClient(place.config.docebo, clock)
    try:
        assert client.server_time is None
        client.check_session()
        with pytest.raises(ConfigError, match=r"clock is 3\d\d\d s off"):
            _clock(clock, client)
    finally:
        client.close()
