"""`migrator explain` tells what a code means, without a configuration (docs/reason-codes.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.core.error_codes import ERROR_CODES
from migrator.core.reasons import Note, Reason
from migrator.core.sso import SsoClass

if TYPE_CHECKING:
    from world import Place

    from migrator.core.error_codes import ErrorCode


ALL: dict[str, Reason | Note | SsoClass | ErrorCode] = {
    **{str(one): one for one in (*Reason, *Note, *SsoClass)},
    **ERROR_CODES,
}


@pytest.mark.parametrize("code", ALL)
def test_every_code_is_explained_with_its_fix(place: Place, code: str) -> None:
    place.config_path.unlink(missing_ok=True)

    shown = place.forked("explain", code)

    assert shown.code == 0
    assert ALL[code].meaning in shown.out
    assert f"Fix: {ALL[code].fix}" in shown.out


def test_json_tells_kind_state_and_whether_running_again_helps(place: Place) -> None:
    reason = place.forked("explain", "login_taken", "--json").document
    note = place.forked("explain", "NAME_CUT", "--json").document

    assert (reason["kind"], reason["state"], reason["again"]) == (
        "reason", "conflict", "only with detail held_by_migrated_user",
    )  # fmt: skip
    error = place.forked("explain", "e011003", "--json").document
    assert (error["code"], error["kind"], error["state"], error["again"]) == ("E011003", "error", None, None)
    assert (note["code"], note["kind"], note["state"], note["again"]) == ("name_cut", "note", None, None)


def test_without_a_code_all_are_listed(place: Place) -> None:
    shown = place.forked("explain")
    document = place.forked("explain", "--json").document

    assert [line.split()[0] for line in shown.out.splitlines()] == [*ALL]
    assert [one["code"] for one in document["codes"]] == [*ALL]


def test_an_unknown_code_is_refused_with_those_like_it(place: Place) -> None:
    """Exit 2, and the nearest codes; what was typed is not repeated, as it may be an address."""
    shown = place.forked("explain", "login_take")

    assert shown.code == 2
    assert "There is no such reason, note or error code." in shown.err
    assert "'login_take'" not in shown.err
    assert "Did you mean login_taken" in shown.err
