"""The table of reason codes and the page made from it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.core.model import State
from migrator.core.reason_page import render_page
from migrator.core.reasons import Note, Reason, known_code, known_reason

PAGE = Path(__file__).parents[3] / "docs" / "reason-codes.md"


def test_the_page_is_the_table() -> None:
    """`docs/reason-codes.md` is the rendered table."""
    assert PAGE.read_text(encoding="utf-8") == render_page()


def test_the_page_can_be_made_anew() -> None:
    """`python -m migrator.core.reason_page` prints the page, as the page itself says."""
    printed = subprocess.run(
        [sys.executable, "-m", "migrator.core.reason_page"], capture_output=True, check=True, encoding="utf-8"
    )

    assert printed.stdout == render_page()


@pytest.mark.parametrize("code", [*Reason, *Note])
def test_an_entry_is_whole(code: Reason | Note) -> None:
    """Each code is a stable word with full sentences, and a table cell can hold them."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    for text in (code.meaning, code.fix):
        assert text[0].isupper()
        assert text.endswith(".")
        assert not set("|\n<>") & set(text)


def test_a_code_is_known_by_its_text() -> None:
    """What a checkpoint or a script holds is a text; one of another version is not known."""
    assert known_reason("limit") is Reason.LIMIT
    assert known_code("limit") is Reason.LIMIT
    assert known_code("name_cut") is Note.NAME_CUT
    assert (known_reason("name_cut"), known_code("no_such_code")) == (None, None)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_leads_to_a_final_state(reason: Reason) -> None:
    """A reason belongs to a state that needs one."""
    assert reason.state in {State.REJECTED, State.CONFLICT, State.FAILED, State.SKIPPED, State.VANISHED}
    assert reason.retry_helps == (reason in {Reason.GAVE_UP, Reason.DRIFTED, Reason.MALFORMED_RECORD})


def test_the_codes_of_each_state() -> None:
    """The codes are the contract of checkpoint, reports and scripts: none goes away unnoticed."""
    codes: dict[State | None, set[str]] = {}
    for reason in Reason:
        codes.setdefault(reason.state, set()).add(reason)
    codes[None] = set(Note)

    assert codes == {
        State.REJECTED: {
            "no_user_id", "invalid_user_id", "malformed_record", "no_email", "invalid_email",
            "no_username", "invalid_username", "unknown_status", "login_id_erased",
        },
        State.CONFLICT: {
            "duplicate_email", "duplicate_login", "login_taken", "several_matches",
            "deleted_at_descope", "email_taken", "phone_taken", "drifted", "recreated",
            "login_ids_differ", "tenants_or_roles", "mark_lost",
        },
        State.FAILED: {"refused", "gave_up"},
        State.SKIPPED: {"not_included", "left_out", "limit", "search_text", "not_in_plan", "undone"},
        State.VANISHED: {"not_in_docebo"},
        None: {
            "name_cut", "phone_dropped", "attribute_cut", "attribute_dropped", "attribute_not_converted",
            "login_id_dropped", "username_not_sent", "email_synthesized", "unverified_email",
        },
    }  # fmt: skip
