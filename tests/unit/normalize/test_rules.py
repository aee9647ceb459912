"""For whom a rule is: each condition, all of them together, and records that hold anything."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config.schema import MappingConfig
from migrator.core.grants import Grant
from migrator.core.member_lists import MemberList
from migrator.core.model import Ready, SourceStatus
from migrator.docebo.record import DoceboRecord
from migrator.normalize.mapping import Normalizer
from migrator.normalize.rules import RuleBook

ACME = (Grant("acme"),)
EMEA, BELOW, CREW = MemberList("branch", "EMEA"), MemberList("branch", "EMEA", True), MemberList("group", "7")


def mapping(*whens: dict[str, Any]) -> MappingConfig:
    """A mapping with a rule for each of these conditions, into the tenants acme, t1, t2 and so on."""
    tenants = ("acme", *(f"t{number}" for number in range(1, len(whens))))
    rules = [{"when": when, "tenant": tenant} for when, tenant in zip(whens, tenants, strict=True)]
    return MappingConfig.model_validate({"tenants": rules})


def holds(
    when: dict[str, Any],
    record: dict[str, Any],
    status: SourceStatus = "active",
    members: dict[MemberList, set[str]] | None = None,
) -> bool:
    """Whether the rule is for user 1."""
    return RuleBook(mapping(when).rules, members).grants("1", DoceboRecord(record), status) == ACME


COMBINED = "M\u00fcnchen"
APART = unicodedata.normalize("NFD", COMBINED)


@pytest.mark.parametrize(
    ("when", "record", "expected"),
    [
        ({"email_domain": "acme.com"}, {"email": " Ann@ACME.com "}, True),
        ({"email_domain": ["x.org", "acme.com"]}, {"email": "ann@acme.com"}, True),
        ({"email_domain": "acme.com"}, {"email": "ann@it.acme.com"}, False),
        ({"email_domain": "acme.com"}, {"email": "ann@notacme.com"}, False),
        ({"email_domain": "acme.com"}, {"email": "acme.com"}, False),
        ({"email_domain": "acme.com"}, {"email": None}, False),
        ({"email_domain": "acme.com"}, {}, False),
        ({"email_domain": "b\u00fccher.example"}, {"email": "ann@xn--bcher-kva.example"}, True),
        ({"email_domain": "xn--bcher-kva.example"}, {"email": "ann@B\u00dcCHER.example"}, True),
        ({"email_domain": "stra\u00dfe.example"}, {"email": "ann@strasse.example"}, False),
        ({"level": "superadmin"}, {"level": "godadmin"}, True),
        ({"level": "power_user"}, {"level": 4}, True),
        ({"level": ["user", "power_user"]}, {"level": " Poweruser "}, True),
        ({"level": "user"}, {"level": "emperor"}, False),
        ({"level": "user"}, {}, False),
        ({"language": "English"}, {"language": "english"}, True),
        ({"language": "en"}, {"language": "english", "lang_code": "EN"}, True),
        ({"language": "en"}, {"language": "", "lang_code": None}, False),
        ({"multidomain": "Academy"}, {"multidomains": ["x", "academy"]}, True),
        ({"multidomain": "Academy"}, {"multidomains": []}, False),
        ({"multidomain": "Academy"}, {"multidomains": "academy"}, False),
        ({"multidomain": "Academy"}, {"multidomains": None}, False),
        ({"field_4": "Sales & IT"}, {"field_4": "sales &amp; it"}, True),
        ({"field_4": COMBINED}, {"field_4": APART}, True),
        ({"field_4": APART}, {"field_4": COMBINED.upper()}, True),
        ({"field_4": 7}, {"field_4": 7}, True),
        ({"field_4": "7"}, {"field_4": 7.0}, False),
        ({"field_4": "true"}, {"field_4": True}, True),
        ({"field_4": "x"}, {"field_4": ["x"]}, False),
        ({"field_4": "x"}, {"field_5": "x"}, False),
        ({"field_4": {"matches": "^S.*s$"}}, {"field_4": " Sales "}, True),
        ({"field_4": {"matches": "^sales$"}}, {"field_4": "Sales"}, False),
        ({"field_4": {"matches": "(?i)^sales$"}}, {"field_4": "Sales"}, True),
        ({"field_4": {"matches": "R&D"}}, {"field_4": "R&amp;D"}, True),
        ({"field_4": {"matches": "^$"}}, {"field_4": None}, True),
        ({"field_4": {"matches": "."}}, {"field_4": {"a": 1}}, False),
    ],
    ids=str,
)
def test_a_condition_holds(when: dict[str, Any], record: dict[str, Any], *, expected: bool) -> None:
    assert holds(when, record) is expected


@pytest.mark.parametrize(("status", "expected"), [("active", True), ("expired", True), ("suspended", False)])
def test_a_status_holds(status: SourceStatus, *, expected: bool) -> None:
    assert holds({"status": ["active", "expired"]}, {}, status) is expected


@pytest.mark.parametrize(
    ("when", "lists", "expected"),
    [
        ({"branch": "EMEA"}, {EMEA: {"1"}}, True),
        ({"branch": "EMEA"}, {EMEA: {"11"}}, False),
        ({"branch": "EMEA"}, {BELOW: {"1"}, EMEA: set()}, False),
        ({"branch": "EMEA", "descendants": True}, {BELOW: {"1"}, EMEA: set()}, True),
        ({"branch": ["APAC", "EMEA"]}, {EMEA: {"1"}, MemberList("branch", "APAC"): set()}, True),
        ({"group": 7}, {CREW: {"1"}}, True),
        ({"group": 7}, {MemberList("branch", "7"): {"1"}, CREW: set()}, False),
        ({"group": 7, "branch": "EMEA"}, {CREW: {"1"}, EMEA: set()}, False),
        ({"group": 7, "branch": "EMEA"}, {CREW: {"1"}, EMEA: {"1"}}, True),
        ({"branch": "EMEA"}, {}, False),
    ],
    ids=str,
)
def test_members_are_looked_up_in_the_lists_that_were_read(
    when: dict[str, Any], lists: dict[MemberList, set[str]], *, expected: bool
) -> None:
    assert holds(when, {}, members=lists) is expected


def test_all_conditions_of_a_rule_must_hold() -> None:
    both = {"level": "user", "language": "english"}

    assert holds(both, {"level": 6, "language": "English"})
    assert not holds(both, {"level": 6, "language": "french"})
    assert not holds(both, {"level": 4, "language": "english"})


def test_every_rule_that_matches_gives_and_their_order_says_nothing() -> None:
    whens = [{"level": "user"}, {"language": "en"}, {"level": "superadmin"}]
    record = DoceboRecord({"level": "user", "lang_code": "en"})
    rules = mapping(*whens).rules

    for order in (rules, rules[::-1]):
        assert RuleBook(order).grants("1", record, "active") == (Grant("acme"), Grant("t1"))


def test_two_rules_for_one_tenant_give_it_once_with_the_roles_of_both() -> None:
    rules = [
        {"when": {"level": "user"}, "tenant": "acme", "roles": ["Learner"]},
        {"when": {"language": "en"}, "tenant": "acme", "roles": ["Coach", "Learner"]},
    ]
    book = RuleBook(MappingConfig.model_validate({"tenants": rules}).rules)

    assert book.grants("1", DoceboRecord({"level": 6, "lang_code": "en"}), "active") == (
        Grant("acme"), Grant("acme", "Coach"), Grant("acme", "Learner"),
    )  # fmt: skip


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters() | st.characters(categories=["Cs"])),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=5,
)
EVERY_CONDITION = RuleBook(
    mapping(
        {"email_domain": "acme.com"}, {"level": "user"}, {"language": "en"}, {"multidomain": "x"}, {"field_4": "x"},
        {"field_4": {"matches": "x"}}, {"branch": "EMEA"}, {"group": 7}, {"status": "active"},
    ).rules
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("email", "level", "language", "lang_code", "multidomains", "field_4"), ANYTHING)
    )
)
def test_no_record_stops_the_rules(record: dict[str, Any]) -> None:
    """And the same record gets the same twice."""
    given_once = EVERY_CONDITION.grants("1", DoceboRecord(record), "active")

    assert Grant("t8") in given_once
    assert EVERY_CONDITION.grants("1", DoceboRecord(record), "active") == given_once


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\u0301\u0323" * 200_000, "&amp;" * 200_000, "a\ud800"])
def test_a_huge_text_is_looked_at_as_far_as_it_matters(text: str) -> None:
    """A run of accents takes quadratic time to normalise: the test ends."""
    for name in ("field_4", "language", "level", "email"):
        EVERY_CONDITION.grants("1", DoceboRecord({name: text, "multidomains": [text]}), "active")


def test_the_target_user_has_what_the_rules_give_and_none_without_rules() -> None:
    record = {"user_id": 1, "email": "ann@acme.com", "username": "ann", "status": "1", "level": "user"}
    with_rules, without = (Normalizer(one, "acme")(record) for one in (mapping({"level": "user"}), MappingConfig()))

    assert isinstance(with_rules, Ready)
    assert isinstance(without, Ready)
    assert with_rules.target.tenants == [{"tenantId": "acme", "roleNames": []}]
    assert without.target.grants == ()


def test_what_a_record_is_known_by_holds_the_lists_only_where_rules_ask_for_them() -> None:
    """Otherwise every user of a checkpoint would be planned again."""
    asking = Normalizer(mapping({"branch": "EMEA"}), "acme", members={EMEA: {"1"}})

    assert asking.lists_of("1") != asking.lists_of("2")
    assert Normalizer(mapping({"level": "user"}), "acme").lists_of("1") == ""
