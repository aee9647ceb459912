"""problems.csv: safe in a spreadsheet, and the same text when it is read back."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stored import holding, move, people
from stored_users import in_trouble

from migrator.checkpoint.users.problems import problem_users
from migrator.checkpoint.users.verdicts import count_needing_a_person
from migrator.config.schema import MappingConfig
from migrator.core.model import State
from migrator.report.lists.detail_text import with_details
from migrator.report.lists.problems import (
    PROBLEM_COLUMNS,
    defuse,
    source_cells,
    source_columns,
    write_problems,
)

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.users.stored_user import StoredUser

SOURCES = ("username", "email")
NO_SURROGATES = st.text(st.characters(exclude_categories=["Cs"]))


def written(*problems: StoredUser, sources: tuple[str, ...] = SOURCES) -> str:
    """The file's text."""
    file = io.StringIO(newline="")
    write_problems(file, problems, sources, "acme.docebosaas.com P2")
    return file.getvalue()


def problem(**record: Any) -> StoredUser:
    """A rejected user with that record."""
    return in_trouble("7", State.REJECTED, "no_email", raw=json.dumps(record))


@given(NO_SURROGATES, NO_SURROGATES)
@example("=1+1", "'")
@example("\0", "\r\n")
@example("\uff1dA1", '"')
def test_r1_cells_come_back_as_they_were(username: str, email: str) -> None:
    """No cell starts a formula, and reading back gives the very text again."""
    text = written(problem(username=username, email=email))

    row = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert not [cell for cell in row if cell[:1] in set("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")]
    assert [cell.removeprefix("'") for cell in row[len(PROBLEM_COLUMNS) : -1]] == [username, email]


@given(st.text())
def test_r1_defusing_can_be_undone(text: str) -> None:
    """Every text is the undoing of its own defusing."""
    assert defuse(text).removeprefix("'") == text


def test_a_row_tells_what_to_do() -> None:
    """Id, state, reason, fix, and the fields to correct."""
    row = next(csv.DictReader(io.StringIO(written(problem(username="m.rossi", email=None)))))

    assert row["docebo_user_id"] == "7"
    assert (row["state"], row["reason"], row["detail"]) == ("rejected", "no_email", "")
    assert row["fix"].startswith("Enter the address in Docebo")
    assert (row["username"], row["email"]) == ("m.rossi", "")


@pytest.mark.parametrize("raw", [None, "[]", '"x"', "null", "{}"])
def test_a_record_that_is_none_leaves_blanks(raw: str | None) -> None:
    """An erased or malformed record gives blank cells, no error."""
    assert source_cells(raw, SOURCES) == ["", ""]


def test_values_of_every_type_become_text() -> None:
    """Numbers and flags are written plainly, lists item by item, objects left blank, lone surrogates replaced."""
    raw = json.dumps({"a": 815, "b": True, "c": [1, "x", {}], "d": {"x": 1}, "e": "\ud800!", "f": 1.5})

    assert source_cells(raw, "abcdef") == ["815", "true", "1; x", "", "\ufffd!", "1.5"]


def test_the_columns_are_what_the_mapping_reads() -> None:
    """Names and addresses always, each mapped field once."""
    mapping = {"extra_login_ids": ["username", "field_7"], "phone_field": "field_12", "attributes": {"a": "field_4"}}

    columns = source_columns(MappingConfig.model_validate(mapping))

    assert columns == (
        "username", "email", "first_name", "last_name", "fullname", "status", "field_7", "field_12", "field_4"
    )  # fmt: skip


def test_whoever_was_found_wrong_is_listed_with_a_fix(tmp_path: Path) -> None:
    """Each user that `wrong` counts has one row: the state as it is, what was found as the reason, and a fix."""
    with holding(tmp_path, people(6)) as checkpoint:
        there = {"state": State.CREATED, "sent_hash": "h", "target_id": "U1"}
        move(checkpoint, ["1"], **there, verdict="missing")
        move(checkpoint, ["2"], **there, verdict="differs")
        move(checkpoint, ["3"], **there, verdict="same")
        move(checkpoint, ["4"], state=State.SKIPPED, reason="not_included", target_id="U4", still_enabled=1)
        move(checkpoint, ["5"], **there | {"state": State.CONFLICT}, reason="mark_lost", verdict="missing")
        text = written(*with_details(checkpoint, problem_users(checkpoint)))
        wrong = count_needing_a_person(checkpoint)

    rows = {row["docebo_user_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {user: (row["state"], row["reason"], row["detail"]) for user, row in rows.items()} == {
        "1": ("created", "missing", "Descope user U1"),
        "2": ("created", "differs", "Descope user U1"),
        "4": ("skipped", "still_enabled", "Descope user U4"),
        "5": ("conflict", "mark_lost", "Descope user U1"),
    }
    assert "migrator run --retry missing" in rows["1"]["fix"]
    assert "migrator run --retry differs" in rows["2"]["fix"]
    assert [user for user, row in rows.items() if not row["fix"]] == []
    assert len(rows) == wrong + 1


def test_a_planned_user_found_wrong_is_no_conflict(tmp_path: Path) -> None:
    """A foreseen conflict is told as one; who is to be sent again keeps its state."""
    with holding(tmp_path, people(2)) as checkpoint:
        gone = {"state": State.PENDING, "sent_hash": "h", "target_id": "U1", "verdict": "missing"}
        move(checkpoint, ["1"], **gone, decision="create")
        move(checkpoint, ["2"], **gone, decision="conflict", reason="login_taken")

        told = [(one.user_id, one.state, one.reason) for one in problem_users(checkpoint, predicted=True)]

    assert told == [("1", State.PENDING, "missing"), ("2", State.CONFLICT, "login_taken")]
