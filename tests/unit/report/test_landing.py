"""What screen and page say of who lands in their own Docebo account."""

from __future__ import annotations

import io
from typing import Any

import pytest
from run_document import document

from migrator.report.coverage.sso_readiness import NOBODY_YET
from migrator.report.next_steps import next_steps
from migrator.report.page.page import write_page
from migrator.report.sentences import landing_lines, landing_sentence

SOME: dict[str, Any] = {
    "claim": "email", "match": "exact", "of": 10_000, "lands": 9_812, "unknown": 0,
    "classes": {"email_is_not_username": 120, "case_only": 68, "superadmin_keep_local_login": 3},
}  # fmt: skip
SAID = [
    (SOME, False, "9,812 of 10,000 land in their own Docebo account."),
    (SOME, True, "9,812 of 10,000 would land in their own Docebo account."),
    (SOME | {"of": 1, "lands": 1}, False, "1 of 1 lands in their own Docebo account."),
    (
        SOME | {"lands": 0, "unknown": 10_000}, False,
        "0 of 10,000 land in their own Docebo account; for 10,000 this is not known until Docebo is read again.",
    ),
    (NOBODY_YET, False, ""),
]  # fmt: skip


@pytest.mark.parametrize(("sso", "planned", "sentence"), SAID)
def test_the_sentence(sso: Any, planned: bool, sentence: str) -> None:
    """Numbers in words, and nothing over nobody."""
    assert landing_sentence(sso, planned=planned) == sentence
    assert bool(landing_lines(sso, planned=planned)) == bool(sentence)


def test_the_screen_tells_the_claim_and_the_classes() -> None:
    (line,) = landing_lines(SOME)  # type: ignore[arg-type]

    assert "(claim email, match exact): 120 email_is_not_username, 68 case_only, 3 superadmin_keep_local" in line


def page_of(outcome: str, sso: Any, **counts: int) -> str:
    file = io.StringIO()
    shown = document(outcome, **counts) | {"sso": sso}
    write_page(file, shown, {}, [], [], 0.0, redact=False)
    return file.getvalue()


@pytest.mark.parametrize(("outcome", "is_headline"), [
    ("complete", True), ("needs_person", True), ("dry_run", True), ("stopped", False), ("running", False),
])  # fmt: skip
def test_the_page_begins_with_it_once_a_run_is_through(outcome: str, is_headline: bool) -> None:
    """Before that, how the run ended is more important; the classes are explained either way."""
    page = page_of(outcome, SOME, created=10_000)

    assert ("Docebo account.</h1>" in page) is is_headline
    assert "<code>case_only</code>" in page
    assert 'href="#landing"' in page


def test_a_page_without_anybody_says_nothing_of_it() -> None:
    page = page_of("complete", NOBODY_YET)

    assert "Docebo account" not in page
    assert 'id="landing"' not in page


@pytest.mark.parametrize(("lands", "unknown", "is_told"), [(9_812, 0, True), (10_000, 0, False), (9_000, 1_000, False)])
def test_what_to_do_before_the_cut_over_is_a_step(lands: int, unknown: int, is_told: bool) -> None:
    """Only where somebody would not land; whoever is not known yet is read by the next run."""
    sso = SOME | {"lands": lands, "unknown": unknown}
    steps = next_steps(document("complete", created=10_000) | {"sso": sso})  # type: ignore[arg-type]

    assert any("Before the cut-over" in one.what for one in steps) is is_told
