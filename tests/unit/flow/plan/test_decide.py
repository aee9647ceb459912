"""What to do with one user, given what Descope holds (docs/decisions/0012)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from stored_users import waiting
from wanted_and_held import CITY, MARK, WANTED, held, policy

from migrator.checkpoint.users.holders import HELD_BY_OURS, parse_holders
from migrator.checkpoint.users.plans import PlannedAction
from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.core.fields import SentFields
from migrator.core.model import Decision, TargetUser
from migrator.core.outcomes import UserCreated, UserInConflict
from migrator.core.reasons import Reason
from migrator.flow.plan.changes import is_adopted
from migrator.flow.plan.decide import DecisionRules, changes_for, decide
from migrator.flow.send.outcome import created_or_taken, is_ours

if TYPE_CHECKING:
    from migrator.config.schema import PolicyConfig
    from migrator.descope.user import DescopeUser

STRANGER = held(user_id="S", attributes={})
SOMEBODY_ELSE = held(user_id="E", attributes=MARK | {"doceboUserId": "2"})
ABROAD = held(user_id="A", attributes=MARK | {"doceboPlatform": "other.docebosaas.com"})


def conflict(reason: Reason, detail: str | None = None) -> PlannedAction:
    return PlannedAction("1", Decision.CONFLICT, reason=reason, detail=detail)


def decided(
    wanted: TargetUser, found: list[DescopeUser], known: DescopeUser | None, rules: PolicyConfig, **stored: Any
) -> PlannedAction:
    """The decision on a user of whom the checkpoint holds what `stored` says."""
    return decide(waiting(wanted, **stored), found, known, DecisionRules(rules))


def test_whom_nobody_answers_for_is_created() -> None:
    assert decided(WANTED, [], None, policy()) == PlannedAction("1", Decision.CREATE)


def test_our_own_user_is_unchanged_or_updated_with_what_was_seen() -> None:
    same, other = held(), held(name="old")
    assert decided(WANTED, [same], None, policy()) == PlannedAction(
        "1", Decision.UNCHANGED, "U1", found_fingerprint=same.fingerprint(), origin="presumed", disabled_by_us=False
    )
    assert decided(WANTED, [other], None, policy()) == PlannedAction(
        "1",
        Decision.UPDATE,
        "U1",
        changes={"name": ["old", "Ana Ruiz"]},
        found_fingerprint=other.fingerprint(),
        origin="presumed",
        disabled_by_us=False,
    )


def test_a_user_adopted_earlier_only_has_its_empty_fields_filled() -> None:
    adopted = held(attributes=MARK, name="old", phone="+1", email="old@x.org", status="disabled")
    assert decided(WANTED, [adopted], None, policy(), origin="linked").decision == Decision.UNCHANGED
    assert decided(WANTED, [replace(adopted, name="")], None, policy("link")).changes == {"name": ["", "Ana Ruiz"]}
    assert not is_adopted(None, held(attributes=MARK | {"freshlyMigrated": False}), policy("link"))


def test_our_own_user_is_known_again_under_another_login_and_counted_once() -> None:
    assert decided(WANTED, [], held(), policy(), target_id="U1").decision == Decision.UNCHANGED
    assert decided(WANTED, [held()], held(), policy(), target_id="U1").decision == Decision.UNCHANGED


def test_two_users_with_our_mark_need_a_person() -> None:
    assert decided(WANTED, [held(), held(user_id="U2")], None, policy("link")) == conflict(
        Reason.SEVERAL_MATCHES, "U1 U2"
    )
    assert decided(WANTED, [held()], held(user_id="U2"), policy()) == conflict(Reason.SEVERAL_MATCHES, "U1 U2")


@pytest.mark.parametrize("existing", ["conflict", "link"])
@pytest.mark.parametrize(
    ("found", "named"), [([ABROAD], "A"), ([STRANGER, SOMEBODY_ELSE], f"{HELD_BY_OURS} E S"), ([held(), STRANGER], "S")]
)
def test_n2_a_login_that_is_somebody_elses_is_a_conflict_whatever_the_policy(
    existing: str, found: list[DescopeUser], named: str
) -> None:
    assert decided(WANTED, found, None, policy(existing)) == conflict(Reason.LOGIN_TAKEN, named)


def test_b6_a_login_held_by_another_migrated_user_is_told_apart() -> None:
    """It may be let go, so that it is looked at again; if its owner is gone from Docebo, it is another matter."""
    found = decided(WANTED, [SOMEBODY_ELSE], None, policy())
    assert (found.reason, found.detail, found.holder) == ("login_taken", f"{HELD_BY_OURS} E", "2")
    assert found.if_holder_is_gone == conflict(Reason.RECREATED, "E")
    linked = decided(WANTED, [SOMEBODY_ELSE], None, policy("link")).if_holder_is_gone
    assert linked is not None
    assert (linked.decision, linked.target_id) == (Decision.ADOPT, "E")


def test_b6_a_login_held_by_a_migrated_user_and_a_stranger_is_looked_at_again() -> None:
    """Once the migrated user lets go of it, the stranger alone may be somebody to link: every run looks again."""
    detail = decided(WANTED, [SOMEBODY_ELSE, STRANGER], None, policy("link")).detail

    assert parse_holders(detail).word == HELD_BY_OURS


def test_n2_a_single_stranger_is_linked_only_when_the_policy_says_so() -> None:
    assert decided(WANTED, [STRANGER], None, policy()) == conflict(Reason.LOGIN_TAKEN, "S")
    described = {name: [None, value] for name, value in MARK.items()}
    assert decided(WANTED, [STRANGER], None, policy("link")) == PlannedAction(
        "1", Decision.ADOPT, "S", changes=described, found_fingerprint=STRANGER.fingerprint()
    )
    named = replace(STRANGER, name="Her own", email="her@x.org")
    assert decided(WANTED, [named], None, policy("link")).changes == described


def test_a6_an_extra_login_id_alone_links_nobody() -> None:
    """Two people have one user name: whoever has only that is somebody else."""
    john = replace(STRANGER, login_ids=("a.ruiz",), email="john@x.org")
    assert decided(WANTED, [john], None, policy("link")) == conflict(Reason.LOGIN_TAKEN, john.user_id)


def test_a_known_user_without_our_mark_waits_for_a_person_or_the_policy() -> None:
    """Its mark was taken away: nobody but a person says that it is still ours."""
    elsewhere = replace(STRANGER, login_ids=("other@x.org", "a.ruiz"), email="other@x.org")
    assert decided(WANTED, [], elsewhere, policy("link"), target_id="S") == conflict(Reason.MARK_LOST)
    assert decided(WANTED, [], STRANGER, policy(), target_id="S") == conflict(Reason.MARK_LOST)
    assert decided(WANTED, [STRANGER], STRANGER, policy(), target_id="S") == conflict(Reason.MARK_LOST)
    for found in (
        decided(WANTED, [STRANGER], STRANGER, policy("link"), target_id="S", origin="created"),
        decided(WANTED, [], elsewhere, policy(), target_id="S", origin="created", retry=True),
    ):
        assert (found.decision, found.target_id) == (Decision.UPDATE, "S")
        assert MARK.keys() <= (found.changes or {}).keys()


def test_a_known_user_with_another_mark_is_somebodys_own() -> None:
    assert decided(WANTED, [], SOMEBODY_ELSE, policy("link"), target_id="E") == conflict(Reason.LOGIN_TAKEN, "E")


def test_b9_half_a_mark_is_none() -> None:
    """Somebody with a platform and no number, or the other way round, is a stranger."""
    for half in ({"doceboPlatform": "acme.docebosaas.com"}, {"doceboUserId": "1"}):
        assert held(attributes=half).mark() is None
        assert decided(WANTED, [held(attributes=half)], None, policy()) == conflict(Reason.LOGIN_TAKEN, "U1")


def test_a_known_user_that_is_gone_was_deleted_there() -> None:
    assert decided(WANTED, [], None, policy(), target_id="U1") == conflict(Reason.DELETED_AT_DESCOPE)
    assert decided(WANTED, [], None, policy(), target_id="U1", retry=True) == PlannedAction("1", Decision.CREATE)


USER = waiting(WANTED)


@pytest.mark.parametrize(
    ("attributes", "ours"),
    [
        (MARK, True),
        ({}, False),
        (MARK | {"doceboUserId": "2"}, False),
        (MARK | {"doceboPlatform": "other.docebosaas.com"}, False),
    ],
)
def test_a_user_is_ours_only_by_platform_and_number(attributes: dict[str, str], *, ours: bool) -> None:
    found = held(attributes=attributes)
    assert is_ours(USER, found) is ours
    assert created_or_taken(USER, found) == (
        UserCreated("1", "U1", SentFields.of(USER.target), disabled=False)
        if ours
        else UserInConflict("1", Reason.LOGIN_TAKEN, found.user_id)
    )


def test_what_was_sent_is_part_of_the_decision() -> None:
    """An edit in Descope stays until a person asks for the user again."""
    there = held(name="Her own")
    sent = SentFields.of(WANTED)
    left = decided(WANTED, [there], None, policy(), sent=sent, verdict=RowVerdict.SAME)
    assert left.decision == Decision.UNCHANGED
    assert left.sent is not None
    assert left.sent.left == {"name"}
    asked = decided(WANTED, [there], None, policy(), sent=sent, retry=True)
    assert (asked.decision, asked.sent) == (Decision.UPDATE, None)


@pytest.mark.parametrize(
    ("origin", "fresh", "existing", "decision", "becomes"),
    [
        (None, False, "conflict", Decision.UPDATE, None),
        (None, False, "link", Decision.UNCHANGED, None),
        (None, True, "link", Decision.UPDATE, "presumed"),
        ("presumed", False, "link", Decision.UPDATE, "presumed"),
        ("created", False, "link", Decision.UPDATE, "created"),
        ("linked", True, "conflict", Decision.UNCHANGED, "linked"),
    ],
)
def test_how_a_user_became_ours_decides_and_is_noted(
    origin: str | None, fresh: bool, existing: str, decision: Decision, becomes: str | None
) -> None:
    """Where the checkpoint does not know, nobody is called linked, and only a policy that links spares the user."""
    there = held(name="old", attributes=MARK | ({"freshlyMigrated": True} if fresh else {}))
    found = decided(WANTED, [there], None, policy(existing), origin=origin)
    assert (found.decision, found.origin) == (decision, becomes)


def test_the_types_of_attributes_are_part_of_the_decision() -> None:
    there = held(attributes=MARK | {"size": "48", "freshlyMigrated": True})
    user = waiting(CITY)
    found = changes_for(user, there, DecisionRules(policy(), {"city": 1, "size": 2}))
    assert found.patch["customAttributes"]["size"] == 48


def test_a_stranger_with_our_third_mark_is_linked_not_overwritten() -> None:
    named = replace(STRANGER, name="Her own", attributes={"freshlyMigrated": True})
    found = decided(WANTED, [named], None, policy("link"))
    assert found.decision == Decision.ADOPT
    assert (found.changes or {}).keys() == MARK.keys()


def test_whoever_is_created_is_noted_with_what_was_sent() -> None:
    outcome = created_or_taken(USER, held())

    assert isinstance(outcome, UserCreated)
    assert outcome.sent == SentFields.of(WANTED)


def test_a_person_can_have_one_stranger_linked_and_nobody_else() -> None:
    """A decision names a Docebo user and a Descope user; any other holder of the login, or one more, is a conflict."""
    user = waiting(WANTED)

    def with_link(*found: DescopeUser, user_id: str = "1", descope_id: str = "S") -> PlannedAction:
        return decide(user, found, None, DecisionRules(policy(), links={user_id: descope_id}))

    assert (with_link(STRANGER).decision, with_link(STRANGER).target_id) == (Decision.ADOPT, "S")
    assert with_link(STRANGER, descope_id="T") == conflict(Reason.LOGIN_TAKEN, "S")
    assert with_link(STRANGER, user_id="2") == conflict(Reason.LOGIN_TAKEN, "S")
    assert with_link(ABROAD, descope_id="A") == conflict(Reason.LOGIN_TAKEN, "A")
    assert with_link(STRANGER, held(user_id="T", attributes={})) == conflict(Reason.LOGIN_TAKEN, "S T")
    assert with_link(held(user_id="S", attributes={}, status="disabled")).changes is not None
    assert "status" not in (with_link(held(user_id="S", attributes={}, status="disabled")).changes or {})
