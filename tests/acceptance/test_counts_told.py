"""Who is there, who needs a person and what to do about them: one number and one remedy, wherever it is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from told import ours, page, status, summary

if TYPE_CHECKING:
    from world import Place


@pytest.fixture
def gone(place: Place) -> str:
    """One of 20 migrated users was deleted in Descope, and `verify` has seen it; the Docebo id."""
    place.sandbox.control.reset(users=20, difficult=0)
    assert place.forked("run", "--yes").code == 0
    user = ours(place)[0]
    place.sandbox.control.delete_descope_user(user["userId"])
    assert place.forked("verify").code == 3
    return str(user["customAttributes"]["doceboUserId"])


def test_nc6_screen_page_and_history_count_those_who_need_a_person_alike(place: Place, gone: str) -> None:
    """Whoever is missing counts everywhere: in the last line of run and status, with -q, in the headline, per run."""
    run = place.forked("run", "--yes")
    headline = "19 of 20 users are in Descope, 1 is missing from it; 1 needs your attention."

    assert gone
    assert (run.code, status(place)["wrong"]) == (3, 1)
    for text in (run.out, place.forked("status").out, place.forked("status", "-q").out):
        assert f"Finished: {headline}" in text
    assert headline in page(place)
    assert "finished; 1 user needs attention" in page(place)
    assert "this run sent nothing" in run.out
    assert "users/s" not in run.out


def test_nc4_a_missing_user_has_a_remedy_and_is_no_part_of_another_count(place: Place, gone: str) -> None:
    """Run and status say of how many of these figures it is so, and name the command that sends them again."""
    texts = [place.forked("run", "--yes").out, place.forked("status").out]

    assert gone
    for text in texts:
        assert "  1 user in these figures is no longer in Descope\n" in text
        assert "Fix: To create them again: migrator run --retry missing." in text
        assert "of them is" not in text


def test_nc4_a_verification_of_everybody_outlives_the_runs_after_it(place: Place, gone: str) -> None:
    """status, summary and page tell it beside the newer one, until the next of everybody."""
    place.forked("run", "--yes", "--retry", "missing")

    assert gone
    newest = "1 user read back by a run, all as sent."
    whole = "all 20 users read back; 1 is missing."
    for text in (place.forked("status").out, page(place)):
        assert newest in text
        assert re.search(rf"Everybody was last verified [-\d]+ [\d:]+ UTC: {whole}", text)
    assert summary(place)["verify_all"]["classes"]["missing"] == 1
    assert place.forked("verify").code == 0
    assert status(place)["verify_all"] is None
    assert "Everybody was last" not in place.forked("status").out


def test_nc3_a_plan_counts_those_it_puts_right_only_once(place: Place, gone: str) -> None:
    """Whoever a plan finds in conflict is not counted as missing as well."""
    place.configure(mapping={"attributes": {"city": "field_4"}})
    planned = place.forked("plan", "--remap")
    document = place.forked("plan", "--remap", "--json").document

    assert gone
    assert "deleted_at_descope" in planned.out
    assert "in these figures" not in planned.out
    assert (document["counts"]["conflict"], document["wrong"], document["missing"]) == (1, 0, 0)


def test_nc3_status_after_a_plan_tells_what_the_plan_foresaw(place: Place) -> None:
    """The figures after the plan are the plan's, with its conflicts and their reasons, not those of an empty start."""
    place.sandbox.control.reset(users=40, difficult=0.3, strangers=4)
    planned = place.forked("plan")

    told = place.forked("status").out

    figures = planned.out.partition("after that run:\n")[2].partition("  calls:")[0]
    assert figures
    assert " ".join(figures.split()) in " ".join(told.split())
    assert "sending takes 2 calls (1 to create, 1 other)" in planned.out
    assert status(place)["counts"]["pending"] > 0


def test_nc23_a_stop_is_told_once_with_its_fix(place: Place) -> None:
    """The last line of run and status has the fix, claims nothing about running again, and nothing is said twice."""
    place.sandbox.control.reset(users=20, difficult=0)
    assert place.forked("run", "--yes").code == 0
    for user in place.sources()[:10]:
        place.sandbox.control.delete_docebo_user(user["user_id"])

    run = place.forked("run", "--yes")
    told = place.forked("status").out

    assert run.code == 4
    for text in (run.out, told):
        assert text.count("more than a tenth is gone") == 1
        assert "--accept-shrink" in text
        assert "Run again to continue from here" not in text


def test_nc4_a_checkpoint_that_sent_nobody_says_so(place: Place) -> None:
    """`verify` of a new checkpoint speaks of that checkpoint, not of Descope."""
    place.sandbox.control.reset(users=10, difficult=0)
    assert place.forked("plan").code == 0

    assert "no user has been sent yet" in place.forked("verify").out


def test_nc4_who_only_changed_in_docebo_needs_no_retry(place: Place) -> None:
    """Where a plain run catches up, that is the only remedy `verify` names."""
    place.sandbox.control.reset(users=10, difficult=0)
    assert place.forked("run", "--yes").code == 0
    user = place.sources()[0]
    place.sandbox.control.patch_docebo_user(user["user_id"], first_name="Changed", fullname="Changed")

    verified = place.forked("verify")

    assert "`migrator run` sends the changes" in verified.out
    assert "--retry differs" not in verified.out
