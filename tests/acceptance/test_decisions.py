"""`--decisions FILE`: what a person fills into problems.csv is done, or every wrong line is named and nothing is."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from decided import NEW_ADDRESS, all_decided, fill_in, ids, problems, trouble, write
from runs import CREATE, calls

if TYPE_CHECKING:
    from world import Place


@pytest.fixture
def troubled(any_place: Place) -> Place:
    """The problems of `trouble`, found by a plan."""
    trouble(any_place)
    assert any_place.forked("plan").code == 0
    return any_place


def stored(place: Place) -> dict[str, Any]:
    """What the checkpoint says of each user, apart from which reading last showed it and the run's prediction."""
    rows = oracle.read_rows(place.checkpoint, place)
    left = ("seen_sweep", "predicted_state", "decided_at")
    return {user_id: {name: value for name, value in row.items() if name not in left} for user_id, row in rows.items()}


def test_the_other_party_of_each_problem_is_named(troubled: Place) -> None:
    """Who collides sees the other's Docebo id, and whose login is taken the Descope user's; redacted reports, too."""
    one, two, three, four, *_ = ids(troubled)
    rows = problems(troubled)

    assert (rows[one]["other_docebo_ids"], rows[two]["other_docebo_ids"]) == (two, one)
    assert (rows[three]["other_docebo_ids"], rows[three]["descope_user_id"]) == ("", "")
    strangers = {user["loginIds"][0]: user["userId"] for user in troubled.targets()}
    assert rows[four]["descope_user_id"] == strangers[rows[four]["email"]]
    assert troubled.forked("report", "--redact").code == 0
    with (troubled.folder / "reports" / "redacted" / "problems.csv").open(encoding="utf-8", newline="") as file:
        redacted = {row["docebo_user_id"]: row for row in csv.DictReader(file)}
    assert redacted[four]["descope_user_id"] == rows[four]["descope_user_id"]


def test_a_plan_shows_what_decisions_do_and_leaves_nothing_behind(troubled: Place) -> None:
    """The plan counts with the decisions; what the checkpoint holds of everybody is as before, decisions included."""
    place = troubled
    before = stored(place)
    path = all_decided(place)

    planned = place.forked("plan", "--decisions", str(path), "--json")
    told = place.forked("plan", "--decisions", str(path))

    assert planned.code == 0
    assert planned.document["decisions"] == {"keep": 1, "link": 1, "login_id": 1, "skip": 2}
    counts = planned.document["counts"]
    assert (counts["created"], counts["updated"], counts["skipped"], counts["conflict"]) == (7, 1, 2, 0)
    assert planned.document["actions"] | {"create": 7, "adopt": 1} == planned.document["actions"]
    assert "5 decisions are in force (1 keep, 1 link, 1 login_id, 2 skip)" in told.out
    after = stored(place)
    assert {name for name in after if after[name] != before[name]} == set()
    assert place.forked("plan", "--json").document["decisions"] == {}
    assert calls(place, CREATE) == []


def test_decisions_are_done_and_hold(troubled: Place) -> None:
    """A confirmed run does them, later runs go by them without the file, and the same file may be given again."""
    place = troubled
    one, two, three, four, five, *_ = ids(place)
    path = all_decided(place)
    strangers = {user["userId"]: user for user in place.targets()}
    linked = problems(place)[four]["descope_user_id"]

    ran = place.forked("run", "--yes", "--decisions", str(path), "--json")

    assert (ran.code, ran.document["outcome"]) == (0, "complete")
    rows = oracle.read_rows(place.checkpoint, place)
    assert {user_id: rows[user_id]["state"] for user_id in (one, two, three, four, five)} == {
        one: "created", two: "skipped", three: "created", four: "updated", five: "skipped",
    }  # fmt: skip
    there = {user["userId"]: user for user in place.targets()}
    assert there[linked]["customAttributes"]["doceboUserId"] == four
    assert there[rows[three]["target_id"]]["loginIds"] == [NEW_ADDRESS]
    assert there[rows[three]["target_id"]]["verifiedEmail"] is False
    assert [one for one in strangers if one != linked and there[one] != strangers[one]] == []
    for arguments in ((), ("--decisions", str(path))):
        again = place.forked("run", "--yes", "--json", *arguments)
        assert (again.code, again.document["calls"]["descope_writes"]) == (0, 0)
    assert place.forked("verify").code == 0


def test_none_takes_a_decision_back(troubled: Place) -> None:
    """The user is planned again as if nobody had decided."""
    place = troubled
    five = ids(place)[4]
    row = problems(place)[five]
    assert place.forked("run", "--yes", "--decisions", str(fill_in(place, **{f"u{five}": "skip"}))).code == 3
    assert oracle.read_rows(place.checkpoint, place)[five]["reason"] == "left_out"
    path = place.folder / "back.csv"
    write(path, [row | {"decision": "none"}])

    assert place.forked("run", "--yes", "--decisions", str(path)).code == 3

    assert oracle.read_rows(place.checkpoint, place)[five]["reason"] == "login_taken"
    assert place.forked("plan", "--json").document["decisions"] == {}


def test_every_wrong_line_is_named_and_nothing_is_done(troubled: Place) -> None:
    """Unknown, contradictory, unfitting and outdated decisions: all in one error, exit 2, nothing sent or stored."""
    place = troubled
    one, two, three, four, five, six, seven, *_ = ids(place)
    rows = problems(place)
    taken = next(user["email"] for user in place.sources() if str(user["user_id"]) == six)
    wrong = [
        rows[one] | {"decision": "keep"},
        rows[two] | {"decision": "keep"},
        rows[three] | {"decision": "login_id", "value": taken},
        rows[four] | {"decision": "keep"},
        rows[five] | {"decision": "link", "reason": "recreated"},
        rows[three] | {"docebo_user_id": seven, "decision": "skip"},
        rows[three] | {"docebo_user_id": "999999999", "decision": "skip"},
        rows[three] | {"decision": "skip"},
        rows[five] | {"decision": "remove"},
    ]
    path = place.folder / "wrong.csv"
    write(path, wrong)
    before = stored(place)

    for command in (("plan",), ("run", "--yes")):
        ended = place.forked(*command, "--decisions", str(path))
        assert ended.code == 2
        for line in range(2, 11):
            assert f"line {line}: " in ended.err, line
        assert taken not in ended.err
        assert "Fix:" in ended.err
    assert stored(place) == before
    assert calls(place, CREATE) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("sandbox", "elsewhere").replace("127.0.0.1", "10.0.0.1"), "another migration"),
        (lambda text: text[:-9], "cut off"),
        (lambda text: text.replace(",decision,", ",decided,"), "no column decision"),
        (lambda text: text[:0], "no column"),
    ],
    ids=["of another migration", "torn", "without a column", "empty"],
)
def test_a_file_that_is_not_whole_or_not_ours_is_refused(place: Place, change: Any, told: str) -> None:
    """Exit 2, the line, and the fix."""
    place.sandbox.control.reset(users=3, strangers=0, difficult=0.0)
    place.sandbox.control.patch_docebo_user(str(ids(place)[0]), email="")
    assert place.forked("plan").code == 0
    path = fill_in(place, **{f"u{ids(place)[0]}": "skip"})
    path.write_bytes(change(path.read_bytes().decode()).encode())

    ended = place.forked("run", "--yes", "--decisions", str(path))

    assert (ended.code, told in ended.err, "line " in ended.err) == (2, True, True)
    assert calls(place, CREATE) == []


def test_a_link_holds_for_that_descope_user_alone(troubled: Place) -> None:
    """Somebody else who holds the login by the time of the run is not touched."""
    place = troubled
    four = ids(place)[3]
    row = problems(place)[four]
    path = fill_in(place, **{f"u{four}": "link"})
    place.sandbox.control.delete_descope_user(row["descope_user_id"])
    place.sandbox.control.put_descope_user({"loginIds": [row["email"]], "email": row["email"], "name": "Another One"})
    other = next(user for user in place.targets() if user["loginIds"] == [row["email"]])

    assert place.forked("run", "--yes", "--decisions", str(path)).code == 3

    assert next(user for user in place.targets() if user["userId"] == other["userId"]) == other
    assert oracle.read_rows(place.checkpoint, place)[four]["reason"] == "login_taken"


def test_a_binding_plan_takes_no_decisions(place: Place) -> None:
    """`--plan` does only what its file says."""
    ended = place.forked("run", "--yes", "--plan", "plan.jsonl", "--decisions", "problems.csv")

    assert (ended.code, "--decisions cannot go with --plan" in ended.err) == (2, True)
    ended = place.forked("plan", "--out", "plan.jsonl", "--decisions", "problems.csv")
    assert (ended.code, "--decisions cannot go with --out" in ended.err) == (2, True)


def test_a_file_filled_in_where_it_lies_is_kept_until_it_is_stored(troubled: Place) -> None:
    """A plan leaves it as it is, so that the run can take it; the run then writes a new one."""
    place = troubled
    five = ids(place)[4]
    own = place.folder / "reports" / "problems.csv"
    own.write_bytes(fill_in(place, **{f"u{five}": "skip"}).read_bytes())

    assert place.forked("plan", "--decisions", str(own)).code == 0
    assert problems(place)[five]["decision"] == "skip"
    assert place.forked("run", "--yes", "--decisions", str(own)).code == 3

    assert five not in problems(place)
    assert oracle.read_rows(place.checkpoint, place)[five]["reason"] == "left_out"


def test_purge_erases_a_given_login_id_and_the_user_then_needs_a_person(troubled: Place) -> None:
    """No byte of it stays; the next run sends nothing for the user until somebody gives it again."""
    place = troubled
    three = ids(place)[2]
    path = fill_in(place, **{f"u{three}": f"login_id {NEW_ADDRESS}"})
    assert place.forked("run", "--yes", "--decisions", str(path)).code == 3

    assert place.forked("purge", "--yes").code == 0

    raw = b"".join(one.read_bytes() for one in place.folder.glob("migrator.db*"))
    assert NEW_ADDRESS.encode() not in raw
    assert place.forked("purge", "--json", "--yes").document == {"schema": "purge/1", "erased": 0}
    again = place.forked("run", "--yes", "--json")
    assert (again.code, again.document["calls"]["descope_writes"]) == (3, 0)
    assert oracle.read_rows(place.checkpoint, place)[three]["reason"] == "login_id_erased"
    row = problems(place)[three] | {"decision": "login_id", "value": NEW_ADDRESS}
    write(path, [row])
    mended = place.forked("run", "--yes", "--json", "--decisions", str(path))
    assert mended.document["calls"]["descope_writes"] == 0
    assert oracle.read_rows(place.checkpoint, place)[three]["state"] == "unchanged"


def test_a_skipped_user_who_arrived_is_still_disabled_when_docebo_suspends_it(any_place: Place) -> None:
    """A decision never keeps anybody signed in."""
    place = any_place
    place.sandbox.control.reset(users=5, strangers=0, difficult=0.0)
    assert place.forked("run", "--yes").code == 0
    one, two, *_ = ids(place)
    other = next(user["email"] for user in place.sources() if str(user["user_id"]) == two)
    place.sandbox.control.patch_docebo_user(one, email=other)
    assert place.forked("run", "--yes").code == 3
    path = fill_in(place, **{f"u{one}": "skip"})
    assert place.forked("run", "--yes", "--decisions", str(path)).code == 0
    place.sandbox.control.patch_docebo_user(one, status="0")

    assert place.forked("run", "--yes").code == 0

    there = {user["customAttributes"]["doceboUserId"]: user for user in place.targets()}
    assert (there[one]["status"], there[two]["status"]) == ("disabled", "enabled")
    assert oracle.read_rows(place.checkpoint, place)[one]["state"] == "skipped"
