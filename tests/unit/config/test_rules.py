"""The rules of `mapping.tenants` and `mapping.roles`: what may be written, and what is said about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from config_files import load_with, refusal_with

from migrator.checkpoint.mapping_changes import describe_changes
from migrator.config.schema import MappingConfig
from migrator.core.expressions import is_found
from migrator.core.grants import Grant
from migrator.core.member_lists import MemberList

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.config.rules import Conditions

UNKNOWN = "is not a known condition; known are email_domain, status, level, language, multidomain, branch, descendants"
NO_CONDITION = "must name a condition; status: [active, suspended, expired] holds for everybody"
NO_REGEX = "is not a regular expression that RE2 takes"


def when(**conditions: Any) -> Conditions:
    """The conditions of a rule that says so."""
    rule = {"when": conditions, "tenant": "acme"}
    return MappingConfig.model_validate({"tenants": [rule]}).tenants[0].when


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("email_domain", "acme.com", ("acme.com",)),
        ("email_domain", ["ACME.com", "B\u00fccher.example"], ("acme.com", "xn--bcher-kva.example")),
        ("email_domain", "xn--bcher-kva.example", ("xn--bcher-kva.example",)),
        ("status", "active", ("active",)),
        ("status", ["suspended", "expired"], ("suspended", "expired")),
        ("level", "superadmin", ("superadmin",)),
        ("level", ["power_user", "user"], ("power_user", "user")),
        ("language", "english", ("english",)),
        ("multidomain", ["academy", "partners"], ("academy", "partners")),
        ("branch", 12, ("12",)),
        ("branch", ["EMEA", 12], ("EMEA", "12")),
        ("group", [3, 4], ("3", "4")),
    ],
)
def test_a_condition_takes_one_value_or_several(name: str, written: Any, kept: tuple[str, ...]) -> None:
    assert getattr(when(**{name: written}), name) == kept


@pytest.mark.parametrize(("written", "kept"), [("Sales", ("Sales",)), (7, ("7",)), (["Sales", 7], ("Sales", "7"))])
def test_a_field_takes_one_value_or_several(written: Any, kept: tuple[str, ...]) -> None:
    assert when(field_4=written).fields["field_4"].one_of == kept


def test_a_field_takes_a_regular_expression() -> None:
    condition = when(field_4={"matches": "^S"}).fields["field_4"]
    assert (condition.matches, condition.one_of) == ("^S", None)


def test_a_rule_says_which_lists_of_members_it_asks_for_and_what_it_gives() -> None:
    mapping = MappingConfig.model_validate(
        {
            "tenants": [
                {"when": {"branch": ["EMEA", 7], "descendants": True}, "tenant": "acme", "roles": ["Learner"]},
                {"when": {"group": 7, "branch": 7}, "tenant": "beta"},
            ]
        }
    )

    assert mapping.member_lists == (
        MemberList("branch", "EMEA", True), MemberList("branch", "7", True), MemberList("branch", "7"),
        MemberList("group", "7"),
    )  # fmt: skip
    assert mapping.grants == (Grant("acme"), Grant("acme", "Learner"), Grant("beta"))
    assert mapping.rules_asking(MemberList("group", "7")) == ["mapping.tenants[1].when.group"]
    assert mapping.rules_asking(MemberList("branch", "7", True)) == ["mapping.tenants[0].when.branch"]


BAD_CONDITIONS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", NO_CONDITION),
    ({"descendants": False}, "", NO_CONDITION),
    ({"descendants": True, "group": 1}, ".descendants", "needs a branch beside it"),
    ({"descendants": "true", "branch": 1}, ".descendants", "must be true or false"),
    ({"departmant": "x"}, ".departmant", UNKNOWN),
    ({"field_x": "x"}, ".field_x", UNKNOWN),
    ({"Branch": "x"}, ".Branch", UNKNOWN),
    ({"branch": None}, ".branch", "must say what is wanted"),
    ({"field_4": None}, ".field_4", "must say what is wanted"),
    ({"branch": []}, ".branch", "must name at least one"),
    ({"branch": [1, "1"]}, ".branch", "must not name anything twice"),
    ({"branch": True}, ".branch", "must be text; write it in quotes"),
    ({"branch": 1.5}, ".branch", "must be text; write it in quotes"),
    ({"group": ["a", None]}, ".group[1]", "must be text; write it in quotes"),
    ({"language": ""}, ".language", "must not be empty"),
    ({"language": "a\x1b[31m"}, ".language", "must be one line without control characters"),
    ({"level": "godadmin"}, ".level", "must be superadmin, power_user or user"),
    ({"status": ["active", "gone"]}, ".status[1]", "must be active, suspended or expired"),
    ({"email_domain": "@acme.com"}, ".email_domain", "must be a domain"),
    ({"email_domain": 5}, ".email_domain", "must be a domain"),
    ({"email_domain": ["acme.com", "ACME.com"]}, ".email_domain", "must not name anything twice"),
    ({"field_4": True}, ".field_4", "must be text; write it in quotes"),
    ({"field_4": {}}, ".field_4", "must be a value, a list, or {matches: REGEX}"),
    ({"field_4": {"match": "x"}}, ".field_4", "must be a value, a list, or {matches: REGEX}"),
    ({"field_4": {"matches": "x", "one_of": "z"}}, ".field_4", "must be a value, a list, or {matches: REGEX}"),
    ({"field_4": {"matches": None}}, ".field_4", "must be a value, a list, or {matches: REGEX}"),
    ({"field_4": {"matches": ""}}, ".field_4.matches", "must not be empty"),
    ({"field_4": {"matches": 5}}, ".field_4.matches", "must be text; write it in quotes"),
    ({"field_4": {"matches": "("}}, ".field_4.matches", NO_REGEX),
    ({"field_4": {"matches": r"(a)\1"}}, ".field_4.matches", NO_REGEX),
    ({"field_4": {"matches": "(?=a)b"}}, ".field_4.matches", NO_REGEX),
    ({"field_4": {"matches": "((a{100}){100}){100}"}}, ".field_4.matches", NO_REGEX),
]


@pytest.mark.parametrize(("written", "key", "text"), BAD_CONDITIONS, ids=str)
def test_a_bad_condition_is_named_by_the_key_that_was_written(
    tmp_path: Path, written: dict[str, Any], key: str, text: str
) -> None:
    """With no step that only the program knows, such as the list that one value stands for."""
    told = refusal_with(tmp_path, mapping={"tenants": [{"when": written, "tenant": "acme"}]})

    assert f": mapping.tenants[0].when{key}: {text}" in told
    assert "\n" not in told


ANY = {"level": "user"}
BAD_RULES: list[tuple[str, Any, str, str]] = [
    ("tenants", None, "", "must be a list"),
    ("tenants", {"when": ANY}, "", "must be a list"),
    ("tenants", ["acme"], "[0]", "must be a mapping of keys"),
    ("tenants", [{"tenant": "acme"}], "[0].when", "is required"),
    ("tenants", [{"when": None, "tenant": "acme"}], "[0].when", "must be a mapping of keys"),
    ("tenants", [{"when": ["branch"], "tenant": "acme"}], "[0].when", "must be a mapping of keys"),
    ("tenants", [{"when": ANY}], "[0].tenant", "is required"),
    ("tenants", [{"when": ANY, "tenant": 5}], "[0].tenant", "must be text; write it in quotes"),
    ("tenants", [{"when": ANY, "tenant": " a"}], "[0].tenant", "must be one line"),
    ("tenants", [{"when": ANY, "tenant": "a", "roles": "x"}], "[0].roles", "must be a list"),
    ("tenants", [{"when": ANY, "tenant": "a", "roles": ["x", "x"]}], "[0].roles", "must not name anything twice"),
    ("tenants", [{"when": ANY, "tenant": "a", "role": "x"}], "[0].role", "known keys are when, tenant, roles"),
    ("roles", [{"when": ANY}], "[0].roles", "is required"),
    ("roles", [{"when": ANY, "roles": []}], "[0].roles", "must name at least one"),
    ("roles", [{"when": ANY, "roles": ["a"], "tenant": "b"}], "[0].tenant", "known keys are when, roles"),
]


@pytest.mark.parametrize(("kind", "written", "key", "text"), BAD_RULES, ids=str)
def test_a_bad_rule_is_named_by_its_key(tmp_path: Path, kind: str, written: Any, key: str, text: str) -> None:
    told = refusal_with(tmp_path, mapping={kind: written})

    assert f": mapping.{kind}{key}: " in told
    assert text in told
    assert "\n" not in told


def test_everything_that_is_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    good = {"when": ANY, "tenant": "acme"}
    bad = [{"when": {"level": "god", "brunch": 1}, "tenant": "a"}, {"when": {"status": "gone"}, "tenant": ""}]

    told = refusal_with(tmp_path, mapping={"tenants": [good, *bad]}).splitlines()

    lines = (tmp_path / "config.yaml").read_text().splitlines()
    at = {
        number
        for number, line in enumerate(lines, 1)
        if line.strip(" -") in ("brunch: 1", "status: gone", "tenant: ''")
    }
    assert {int(one.partition(" line ")[2].partition(":")[0]) for one in told} == at
    assert [one.split(": ")[1] for one in told] == [
        "mapping.tenants[1].when.brunch", "mapping.tenants[2].tenant", "mapping.tenants[2].when.status",
    ]  # fmt: skip


def test_tenants_and_roles_of_the_project_exclude_each_other(tmp_path: Path) -> None:
    rules = {"tenants": [{"when": ANY, "tenant": "acme"}], "roles": [{"when": dict(ANY), "roles": ["Admin"]}]}

    assert "mapping.roles: cannot stand beside mapping.tenants" in refusal_with(tmp_path, mapping=rules)


@pytest.mark.parametrize("expression", ["(a+)+$", "^(a|a)*$", "(.*)*x$"])
def test_no_expression_takes_exponential_time(expression: str) -> None:
    """A hundred thousand characters that almost match: the test ends."""
    assert not is_found(expression, "a" * 100_000 + "b")


def test_policy_may_decide_on_tenants_and_roles(tmp_path: Path) -> None:
    update = {"tenants": "source_wins", "roles": "target_wins"}

    assert load_with(tmp_path, policy={"update": update}).policy.update == {"default": "source_wins", **update}


@pytest.mark.parametrize(
    ("mapping", "fingerprint"),
    [
        ({}, "1eec8babd5ccf0d1292a3735985420af4689000dfe673ef37428b33451c7bb2c"),
        (
            {"login_id": "username", "attributes": {"city": "field_4"}},
            "efe131fbacbe0941712ee63cb7e56643f76fa7ad052f94669a142370a9ed1e28",
        ),
    ],
)
def test_a_mapping_without_rules_is_the_one_it_was_before_there_were_rules(
    mapping: dict[str, Any], fingerprint: str
) -> None:
    """A checkpoint that an older version bound goes on without --remap."""
    assert MappingConfig.model_validate(mapping).fingerprint() == fingerprint


def test_another_way_of_writing_the_same_rule_is_no_change() -> None:
    rules = [
        {"when": {"branch": 12, "field_4": "x", "email_domain": "ACME.com"}, "tenant": "acme"},
        {
            "tenant": "acme",
            "roles": [],
            "when": {"email_domain": ["acme.com"], "field_4": ["x"], "branch": ["12"], "descendants": False},
        },
    ]
    one, other = (MappingConfig.model_validate({"tenants": [rule]}) for rule in rules)

    assert one.fingerprint() == other.fingerprint()


def test_a_changed_rule_is_told_with_what_it_was() -> None:
    """In the words of the file, without conditions that nobody wrote."""
    rules = [{"when": {"field_4": {"matches": "^S"}, "branch": 12}, "tenant": "acme", "roles": ["Learner"]}]
    before, after = MappingConfig(), MappingConfig.model_validate({"tenants": rules})

    assert describe_changes(before.to_json(), after.to_json()) == (
        "mapping.tenants: [] -> [{roles: [Learner], tenant: acme, when: {branch: [12], field_4: {matches: ^S}}}]"
    )
