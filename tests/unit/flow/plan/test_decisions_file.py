"""A decisions file survives what spreadsheets do to it, and a torn or foreign one is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_users import in_trouble

from migrator.core.errors import ConfigError
from migrator.core.model import State
from migrator.flow.plan.decisions_file import DecisionLine, _text_of, parse_decisions
from migrator.report.lists.problems import defuse, undefuse, write_problems

MIGRATION = "acme.docebosaas.com P2"
FOUND = ("U1",)
WANTED = DecisionLine(2, "7", "login_taken", FOUND, "login_id", "-ann@example.org")


def report() -> str:
    """A problems.csv of one user, with a record whose name is an open trap."""
    user = in_trouble("7", State.CONFLICT, "login_taken", "U1", raw='{"first_name": "=1+1, \\"x\\"\\nand more"}')
    file = io.StringIO(newline="")
    user = type(user)(**{**vars(user), "other_descope_ids": FOUND})
    write_problems(file, [user], ["first_name"], MIGRATION)
    return file.getvalue()


def filled_in() -> str:
    """The same with a decision, whose value is defused as a spreadsheet might save it again."""
    return report().replace(",U1,,,", ",U1,Login_ID,'-ann@example.org,")


def parsed(text: str) -> list[DecisionLine]:
    """The decisions of a file with this text."""
    return list(parse_decisions(Path("problems.csv"), text, MIGRATION))


def test_a_report_as_it_was_written_decides_nothing() -> None:
    """Empty decisions mean nothing."""
    assert parsed(report()) == []


@pytest.mark.parametrize("change", [str, lambda text: text.replace("\r\n", "\n"), lambda text: text + "\r\n,,\r\n"[:2]])
def test_line_ends_and_blank_lines_do_not_matter(change: type[str]) -> None:
    """Whichever program saved it."""
    assert parsed(change(filled_in())) == [WANTED]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_understood(separator: str) -> None:
    """Excel takes the one of the country."""
    heading = "docebo_user_id,reason,descope_user_id,decision,value,migration"
    line = f"7,login_taken,U1,login_id,'-ann@example.org,{MIGRATION}"

    assert parsed(f"{heading}\r\n{line}\r\n".replace(",", separator)) == [WANTED]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_name_themselves_are_read(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with or without a mark, UTF-16 with one."""
    path = tmp_path / "problems.csv"
    path.write_bytes("Zoë,1\r\n".encode(encoding))

    assert _text_of(path) == "Zoë,1\r\n"


def test_another_encoding_is_refused_and_not_guessed(tmp_path: Path) -> None:
    """A login id with a wrong letter would be somebody else's."""
    path = tmp_path / "problems.csv"
    path.write_bytes("Zoë".encode("cp1252"))

    with pytest.raises(ConfigError, match="not text in UTF-8") as caught:
        _text_of(path)
    assert "CSV UTF-8" in caught.value.fix


@pytest.mark.parametrize("lost", range(1, len(report().partition("\r\n")[2])))
def test_a_line_torn_anywhere_is_refused(lost: int) -> None:
    """Whatever of the last line is lost, apart from all of it or its end."""
    text = filled_in()
    whole = text.rstrip("\r\n")

    if len(text) - lost >= len(whole):
        assert parsed(text[: len(text) - lost]) == [WANTED]
    else:
        with pytest.raises(ConfigError, match="line 2: the line is cut off"):
            parsed(text[: len(text) - lost])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (MIGRATION, "other.docebosaas.com P2", "line 2: this file is of another migration"),
        (MIGRATION, "acme.docebosaas.com P3", "line 2: this file is of another migration"),
        ("value,", "", "line 1: has no column value"),
        ("detail,", "value,", "line 1: has the column value twice"),
    ],
)
def test_a_foreign_or_changed_file_is_refused(old: str, new: str, told: str) -> None:
    """With the line, and nothing of its content."""
    with pytest.raises(ConfigError, match=told) as caught:
        parsed(filled_in().replace(old, new))
    assert "ann@" not in caught.value.message


@given(st.text())
def test_undefusing_gives_back_what_was_defused(cell: str) -> None:
    """Every cell, those that begin with an apostrophe too."""
    assert undefuse(defuse(cell)) == cell
