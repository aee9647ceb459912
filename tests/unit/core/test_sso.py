"""Who lands in their own Docebo account: each class by its own case, for each claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.core.sso import (
    ClaimFit,
    ClaimName,
    ClaimSent,
    SsoClass,
    SsoFacts,
    SsoRules,
    SsoUser,
    claim_fit,
    lands,
    sso_classes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CLAIMS: tuple[ClaimName, ...] = ("doceboUsername", "email", "login_id")
NAME = "ann@example.org"


def words(username: str = NAME, email: str = NAME, login_id: str = NAME, *, superadmin: bool = False) -> str:
    found = SsoFacts.of(username, email, login_id, superadmin=superadmin).words
    assert found is not None
    return found


def classes(claim: ClaimName, mapped: str | None, *, ignore_case: bool = False, **user: Any) -> Sequence[str] | None:
    return sso_classes(SsoUser(mapped, **user), SsoRules(claim, ignore_case=ignore_case))


@pytest.mark.parametrize("claim", CLAIMS)
def test_whose_claim_is_the_user_name_lands(claim: ClaimName) -> None:
    assert classes(claim, words()) == []


MISFITS: dict[str, tuple[ClaimName, str, list[str]]] = {
    "no user name": ("doceboUsername", words(username=""), ["claim_missing"]),
    "no user name, by address": ("email", words(username=""), ["email_is_not_username"]),
    "no address": ("email", words(email=""), ["claim_missing"]),
    "an employee number": ("email", words(username="4711"), ["email_is_not_username"]),
    "an employee number, by login id": ("login_id", words(username="4711"), ["email_is_not_username"]),
    "an employee number, verbatim": ("doceboUsername", words(username="4711"), []),
    "capitals": ("email", words(username="Ann@Example.ORG"), ["case_only"]),
    "capitals, by login id": ("login_id", words(username="Ann@Example.ORG"), ["case_only"]),
    "capitals, verbatim": ("doceboUsername", words(username="Ann@Example.ORG"), []),
    "blanks are no case": ("email", words(username=f" {NAME}"), ["email_is_not_username"]),
}


@pytest.mark.parametrize(("claim", "mapped", "expected"), MISFITS.values(), ids=MISFITS)
def test_what_the_record_says(claim: ClaimName, mapped: str, expected: list[str]) -> None:
    """E-mail and login id are lower-cased, the user name is not."""
    assert classes(claim, mapped) == expected


def test_another_login_id_is_no_address() -> None:
    """Where the login id is the user name, one that a person gave is simply another claim."""
    user = SsoUser(words(login_id="given"))

    assert sso_classes(user, SsoRules("login_id", email_is_login=False)) == ["claim_differs"]


@pytest.mark.parametrize(("ignore_case", "lands_"), [(False, False), (True, True)])
def test_case_alone_counts_where_docebo_minds_it(ignore_case: bool, lands_: bool) -> None:
    rules = SsoRules("email", ignore_case=ignore_case)

    assert sso_classes(SsoUser(words(username="ANN@example.org")), rules) == ["case_only"]
    assert lands(SsoClass.CASE_ONLY, rules) is lands_


SENT: list[tuple[ClaimName, ClaimSent, str | None, list[str] | None]] = [
    ("doceboUsername", ClaimSent.NEVER, words(), ["claim_missing"]),
    ("doceboUsername", ClaimSent.NEVER, None, ["claim_missing"]),
    ("doceboUsername", ClaimSent.OLDER, words(), ["renamed_since"]),
    ("doceboUsername", ClaimSent.OLDER, words(username=""), ["renamed_since"]),
    ("doceboUsername", ClaimSent.LEFT, words(), ["claim_differs"]),
    ("doceboUsername", ClaimSent.OLDER, None, None),
    ("email", ClaimSent.OLDER, words(), ["renamed_since"]),
    ("email", ClaimSent.OLDER, words(username="4711"), ["email_is_not_username"]),
    ("email", ClaimSent.AS_NAMED, words(email="new@example.org"), []),
    ("email", ClaimSent.LEFT, words(), ["claim_differs"]),
    ("email", ClaimSent.NOW, None, None),
]


@pytest.mark.parametrize(("claim", "sent", "mapped", "expected"), SENT)
def test_what_descope_has_counts(
    claim: ClaimName, sent: ClaimSent, mapped: str | None, expected: list[str] | None
) -> None:
    """An earlier value misleads as any other does; of whom nothing was noted, nothing is said but what is certain."""
    assert classes(claim, mapped, sent=sent) == expected


@pytest.mark.parametrize("sent", ClaimSent)
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_plan_brings_what_is_mapped(claim: ClaimName, sent: ClaimSent) -> None:
    """Whatever was sent and seen before."""
    assert classes(claim, words(), sent=sent, seen="", planned=True) == []


SEEN: list[tuple[ClaimName, str, list[str]]] = [
    ("doceboUsername", "", ["claim_differs"]),
    ("doceboUsername", "doceboUsername:none", ["claim_missing"]),
    ("doceboUsername", "doceboUsername:case", ["case_only"]),
    ("doceboUsername", "doceboUsername:same,disabled", ["disabled"]),
    ("email", "doceboUsername:none,email:same", []),
    ("email", "email:none", ["claim_missing"]),
    ("email", "", ["claim_differs"]),
    ("login_id", "login_id:case", ["case_only"]),
]


@pytest.mark.parametrize(("claim", "seen", "expected"), SEEN)
def test_what_was_read_back_counts_more(claim: ClaimName, seen: str, expected: list[str]) -> None:
    assert classes(claim, words(), seen=seen) == expected


def test_a_shared_claim_lands_nobody() -> None:
    assert classes("email", words(), shared=True) == ["claim_not_unique"]


@pytest.mark.parametrize("claim", CLAIMS)
def test_who_is_disabled_in_descope_cannot_sign_in(claim: ClaimName) -> None:
    """By a person there, or by the mapping of the status."""
    by_mapping = SsoRules(claim, active_is_enabled=False)

    assert classes(claim, words(), disabled=True) == ["disabled"]
    assert sso_classes(SsoUser(words()), by_mapping) == ["disabled"]


def test_a_superadmin_is_told_beside_whatever_else() -> None:
    rules = SsoRules("email")
    admin = words(username="4711", superadmin=True)

    assert classes("doceboUsername", words(superadmin=True)) == ["superadmin_keep_local_login"]
    assert classes("email", admin) == ["email_is_not_username", "superadmin_keep_local_login"]
    assert lands(SsoClass.SUPERADMIN_KEEP_LOCAL_LOGIN, rules)


@given(st.text(max_size=8), st.text(max_size=8))
def test_two_texts_fit_as_they_are_compared(username: str, claim: str) -> None:
    """By their hashes alone, as the texts themselves would be compared."""
    facts = SsoFacts.of(username, "", "", superadmin=False)

    fit = claim_fit(claim, facts.username_hash, facts.username_fold_hash)

    if not claim:
        assert fit is ClaimFit.NONE
    elif not username:
        assert fit is ClaimFit.OTHER
    elif claim == username:
        assert fit is ClaimFit.SAME
    else:
        assert fit is (ClaimFit.CASE if claim.casefold() == username.casefold() else ClaimFit.OTHER)


FITS = st.sampled_from(["same", "case", "none", ""])
WORDS = st.builds(
    lambda fits, more: ",".join([*(f"{claim}:{fit}" for claim, fit in zip(CLAIMS, fits, strict=True) if fit), *more]),
    st.tuples(FITS, FITS, FITS),
    st.lists(st.sampled_from(["superadmin", "disabled"]), unique=True),
)
USERS = st.builds(
    SsoUser,
    st.none() | WORDS,
    st.sampled_from(ClaimSent),
    st.none() | WORDS,
    planned=st.booleans(),
    shared=st.booleans(),
    disabled=st.booleans(),
)


@given(USERS, st.sampled_from(CLAIMS), st.booleans(), st.booleans())
def test_nobody_is_in_two_classes_that_do_not_land(
    user: SsoUser, claim: ClaimName, ignore_case: bool, enabled: bool
) -> None:
    """So their numbers add up to those who do not land; and whoever lands exactly lands ignoring case."""
    rules = SsoRules(claim, ignore_case=ignore_case, active_is_enabled=enabled)
    found = sso_classes(user, rules)

    stopped = [one for one in found or () if not lands(one, rules)]
    assert len(stopped) <= 1
    if found is not None and not stopped:
        kind = replace(rules, ignore_case=True)
        assert all(lands(one, kind) for one in sso_classes(user, kind) or ())
