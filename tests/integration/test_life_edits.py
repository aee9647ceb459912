"""What people change in Descope, and what `migrator verify` keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runs import go
from verdicts import by_id, change, classes, loads, migrated, note, ready, verdicts

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.core.clock import Clock
from migrator.core.fields import SentFields

if TYPE_CHECKING:
    from world import Place


@pytest.mark.parametrize("keep", ["until_done", "always"])
def test_a2_an_edit_by_a_person_is_told_and_needs_nobody(place: Place, keep: str) -> None:
    """Whoever was seen right and differs now was changed in Descope: `verify` exits with 3, a run with 0."""
    ready(place, keep=keep)
    assert go(place).code == 0
    one, user = next(iter(by_id(place).items()))
    change(place, user, name="Her Own Choice")

    first, again = place.forked("verify", "--json"), place.forked("verify", "--json")

    assert [(ended.code, classes(ended)) for ended in (first, again)] == [(3, {"same": 11, "differs": 1})] * 2
    assert verdicts(place)[one] == "edited"
    place.sandbox.control.clear_journal()
    assert go(place).code == 0
    assert loads(place) == 1  # the spot check of the run's beginning
    change(place, user)
    assert place.forked("verify").code == 0
    assert verdicts(place)[one] == "same"


def test_a2_a_sample_stores_the_verdicts_of_those_drawn(place: Place) -> None:
    """`--sample` says something of the users it drew, and nothing of the others."""
    migrated(place, verify=False)

    assert place.forked("verify", "--sample", "5", "--seed", "1").code == 0

    assert sorted(map(str, verdicts(place).values())) == ["None"] * 7 + ["same"] * 5


def test_a2_what_changed_in_docebo_since_says_nothing_of_what_was_sent(place: Place) -> None:
    """An erased user whose record changed is compared with something that was never sent: its verdict stays."""
    users = migrated(place)
    one, two, *_ = users
    note(place, one, verdict=None)
    place.sandbox.control.patch_docebo_user(one, fullname="New Name")
    place.sandbox.control.patch_docebo_user(two, fullname="New Name")

    ended = place.forked("verify", "--json")

    assert classes(ended) == {"same": 10, "differs": 2}
    assert (verdicts(place)[one], verdicts(place)[two]) == (None, "same")


def test_a2_verify_stores_nothing_while_a_run_is_at_work(place: Place) -> None:
    """The run's own reading back counts; the command says that it kept nothing."""
    users = migrated(place, verify=False)
    config = place.config.checkpoint

    with Checkpoint(config.sqlalchemy_url, config.key, Clock(), upgrade=False):
        ended = place.forked("verify", "--json")

    assert (ended.code, classes(ended), ended.document["stored"]) == (0, {"same": 12}, False)
    assert "A run was in progress" in ended.err
    assert verdicts(place) == dict.fromkeys(users)
    assert place.forked("verify").code == 0
    assert set(verdicts(place).values()) == {"same"}


def test_whoever_a_run_names_missing_is_missing_for_verify(place: Place) -> None:
    """Somebody deleted at Descope is in conflict after the run that noticed, and `verify` counts them, too."""
    users = migrated(place)
    one, user = next(iter(users.items()))
    place.sandbox.control.delete_descope_user(user["userId"])
    place.sandbox.control.patch_docebo_user(one, fullname="New Name")
    run = go(place)

    ended = place.forked("verify", "--json")

    assert (run.code, run.reasons) == (3, {"deleted_at_descope": 1})
    assert (ended.code, classes(ended)) == (3, {"same": 11, "missing": 1})
    assert ended.document["arrived"] == 12
    assert verdicts(place)[one] == "missing"


def test_what_was_left_to_a_person_is_no_difference_of_ours(place: Place) -> None:
    """A field that was not sent because it was changed in Descope: right for a run, told as edited by `verify`."""
    users = migrated(place)
    (one, first), (two, second), *_ = users.items()
    for user_id, user, left in ((one, first, "name"), (two, second, "customAttributes.city")):
        sent = SentFields({}, left=frozenset({left})).to_json()
        note(place, user_id, verdict=None, sent_fields=sent)
        change(place, user, name="Own", customAttributes={**user["customAttributes"], "city": "Own"})

    ended = place.forked("verify", "--json")

    assert classes(ended) == {"same": 10, "differs": 2}
    assert {(d["docebo_user_id"], d["field"]) for d in ended.document["differences"]} == {
        (user_id, field) for user_id in (one, two) for field in ("name", "city")
    }
    # Each also differs in a field that was not left.
    assert (verdicts(place)[one], verdicts(place)[two]) == ("differs", "differs")
    change(place, first, name="Own")
    change(place, second, customAttributes={**second["customAttributes"], "city": "Own"})
    assert place.forked("verify").code == 3
    assert (verdicts(place)[one], verdicts(place)[two]) == ("edited", "edited")
    assert go(place).code == 0


def test_what_was_left_to_a_person_is_right_when_a_run_reads_it_back(place: Place) -> None:
    """The run's own reading back knows what it did not send."""
    ready(place, drops="city", keep="always")
    assert go(place).code == 3
    sent = SentFields({}, left=frozenset({"customAttributes.city"})).to_json()
    note(place, sent_fields=sent)

    assert go(place).code == 0

    assert set(verdicts(place).values()) == {"same"}
