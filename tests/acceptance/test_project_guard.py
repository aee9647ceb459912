"""The first write into a project: whose users are there, and is it the right one? (docs/decisions/0034)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import LIST, SEARCH
from terminal import Terminal

from migrator.core.clock import Clock
from migrator.descope.reader import DescopeReader
from migrator.flow.plan.census import MOST_SEARCHES, take_census

if TYPE_CHECKING:
    from world import Ended, Place

    from migrator.core.census import ProjectCensus

REGIONAL = "Peuc1another00000000000000000000"


def told(ended: Ended) -> str:
    """All that a command said, on one line."""
    return " ".join((ended.out + ended.err).split())


def written(place: Place) -> list[str]:
    """Every request to Descope that is no read."""
    reads = ("/search", "/load", "/customattributes", "/license", "/tenant/all", "/role/all", "/mgmt/user")
    return [one["path"] for one in place.journal() if not one["path"].endswith(reads)]


def counted(place: Place) -> list[dict[str, Any]]:
    """The searches for everybody."""
    searches = [one for one in place.journal() if one["path"] == SEARCH]
    return [one for one in searches if not {"loginIds", "customAttributes"} & (one["body"] or {}).keys()]


def crowd(place: Place, users: int = 20, strangers: int = 12) -> oracle.Before:
    """A project full of strangers; each of them has the address of somebody in Docebo."""
    place.sandbox.control.reset(users=users, strangers=strangers, difficult=0)
    return oracle.before(place)


def census(place: Place) -> ProjectCensus:
    """What the migrator counts in the project as it is now."""
    reader = DescopeReader(place.config.descope, Clock())
    try:
        return take_census(reader, place.config)
    finally:
        reader.close()


def test_a_script_must_name_a_project_that_is_full_of_strangers(place: Place) -> None:
    """Exit 2 with the numbers and the line to type, nothing written, no run counted; named, it goes through."""
    start = crowd(place)
    project = place.config.descope.project_id

    refused = place.forked("run", "--yes")
    runs = place.forked("runs", "--json")
    named = place.forked("run", "--yes", "--project", project, "--json")

    assert refused.code == 2
    assert f"Is this the right project? Descope project {project} (at 127.0.0.1:" in told(refused)
    assert "has 12 users now; 12 of them are strangers, without this migration's mark." in told(refused)
    assert "Nothing was written there." in told(refused)
    assert f"migrator run --yes --project {project}." in told(refused)
    assert "descope.project_id (config.yaml, line" in told(refused)
    assert runs.document["runs"] == []
    assert named.code == 3  # whose login a stranger has
    oracle.check(place, start, named)


@pytest.mark.parametrize("options", [("-q",), ("--json",), ("--canary", "2"), ("--limit", "1")], ids=" ".join)
def test_no_other_option_lets_a_script_past_it(place: Place, options: tuple[str, ...]) -> None:
    """However little is shown or sent."""
    crowd(place)

    ended = place.forked("run", "--yes", *options)

    assert ended.code == 2
    assert "12 of them are strangers" in told(ended)
    assert written(place) == []


def test_linking_strangers_is_no_exception(place: Place) -> None:
    """With policy.existing: link a wrong project would have its users changed, so it is asked about all the same."""
    crowd(place)
    place.configure(policy={"existing": "link"})

    assert place.forked("run", "--yes").code == 2
    assert written(place) == []
    assert place.forked("run", "--yes", "--project", place.config.descope.project_id).code == 0


def test_the_target_is_shown_before_the_first_write_and_only_then(place: Place) -> None:
    """A handful of strangers is shown and needs no word; the second run does not count again."""
    crowd(place, users=10, strangers=9)

    first = place.forked("run", "--yes")
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "99999", "email": "new@example.org"})
    second = place.forked("run", "--yes")

    assert (first.code, second.code) == (3, 3)
    said = "This migration's first write: Descope project P2sandboxSANDBOX0123456789ab (at 127.0.0.1:"
    assert said in told(first)
    assert "has 9 users now; 9 of them are strangers, without this migration's mark." in told(first)
    assert "first write" not in told(second)
    assert len(counted(place)) == 1


def test_a_person_sees_the_numbers_in_the_question(place: Place) -> None:
    """Whoever sits there needs no option, and says no."""
    crowd(place)

    with Terminal(["run"], place.folder) as terminal:
        terminal.until("Send this to Descope now?")
        terminal.type("n\n")
        terminal.ended()

    assert "has 12 users now; 12 of them are strangers" in " ".join(terminal.text.split())
    assert written(place) == []


@pytest.mark.parametrize("options", [("--yes",), ("--dry-run",), ("--yes", "-q")], ids=" ".join)
def test_a_project_that_is_not_the_configured_one_is_refused_always(place: Place, options: tuple[str, ...]) -> None:
    """Also when there is nothing left to do; what was given is not repeated, as it may be a key."""
    crowd(place, strangers=0)
    assert place.forked("run", "--yes", "-q").code == 0
    since = len(place.sandbox.control.journal())

    ended = place.forked("run", *options, "--project", "K2planted-canary")

    assert ended.code == 2
    assert "--project names another project than descope.project_id (config.yaml, line" in told(ended)
    assert "which is P2sandboxSANDBOX0123456789ab." in told(ended)
    assert "canary" not in told(ended)
    assert len(place.sandbox.control.journal()) == since


def test_where_nothing_is_to_be_sent_nobody_is_asked(place: Place) -> None:
    """Everybody's login is taken. The first run that would send somebody asks, although the mapping is confirmed."""
    crowd(place, users=12, strangers=12)
    assert place.forked("run", "--yes").code == 3
    assert counted(place) == []
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "99999", "email": "new@example.org"})

    assert place.forked("run", "--yes").code == 2
    assert written(place) == []


def test_a_lost_checkpoint_knows_its_users_by_their_mark(place: Place) -> None:
    """They are no strangers; up to a tenth of strangers beside them needs no word, more does."""
    crowd(place, users=100, strangers=0)
    assert place.forked("run", "--yes", "-q").code == 0
    (place.folder / "migrator.db").unlink()
    record = place.sources()[0]
    for number in range(11):
        stranger = {"loginIds": [f"stranger{number}@example.net"], "email": f"stranger{number}@example.net"}
        place.sandbox.control.put_descope_user(stranger)
    place.sandbox.control.put_docebo_user({**record, "user_id": "99998", "email": "one@example.org"})
    few = place.forked("run", "--yes")
    (place.folder / "migrator.db").unlink()
    place.sandbox.control.put_descope_user({"loginIds": ["last@example.net"], "email": "last@example.net"})
    place.sandbox.control.put_docebo_user({**record, "user_id": "99999", "email": "two@example.org"})
    many = place.forked("run", "--yes")

    assert (few.code, many.code) == (0, 2)
    assert "has 111 users now; 11 of them are strangers" in told(few)
    assert "has 113 users now; 12 of them are strangers" in told(many)


def test_users_of_another_migration_are_strangers(place: Place) -> None:
    """Another platform's mark is not this migration's."""
    crowd(place, users=15, strangers=0)
    assert place.forked("run", "--yes", "-q").code == 0

    place.configure(docebo={"platform": "another.docebosaas.com"})

    assert (census(place).users, census(place).strangers) == (15, 15)


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"search_v2": "off"},
        {"search_limit_cap": 30},
        {"search_limit_cap": 30, "search_over_cap": "refuse"},
        {"attribute_values": "strings"},
        {"test_users_pattern": "@"},
    ],
    ids=str,
)
def test_every_kind_of_server_is_counted_alike(place: Place, switches: dict[str, Any]) -> None:
    """Whatever its pages hold: all users once, test users included, and exactly."""
    crowd(place, users=130, strangers=25)
    place.sandbox.control.set_switches(descope=switches)
    assert place.forked("run", "--yes", "-q", "--project", place.config.descope.project_id).code == 3

    found = census(place)

    assert (found.users, found.strangers, found.is_whole) == (130, 25, True)


def test_counting_ends_when_too_many_are_strangers(place: Place) -> None:
    """Behind a thousand of them nothing more need be known; Descope's own count tells how many users there are."""
    crowd(place, users=1300, strangers=1250)

    ended = place.forked("run", "--yes")

    assert ended.code == 2
    assert "has 1,250 users now; more than 1,100 of them are strangers" in told(ended)
    assert len(counted(place)) == 11


def test_counting_is_bounded_and_what_was_not_counted_needs_a_word(place: Place) -> None:
    """At most twenty searches, also where pages are small."""
    crowd(place, users=130, strangers=0)
    assert place.forked("run", "--yes", "-q").code == 0
    place.sandbox.control.set_switches(descope={"search_limit_cap": 5})
    place.sandbox.control.clear_journal()

    found = census(place)

    assert (found.users, found.strangers, found.is_whole, found.needs_a_word) == (130, 0, False, True)
    assert len(counted(place)) == MOST_SEARCHES


# --- project and key do not go together -----------------------------------------------------------


REFUSED = "Descope refused the management key for project {}: the key is wrong or has expired, or it belongs to another"
CASES = [
    pytest.param(
        {"project_id": "K2sandbox", "management_key": "P2sandbox"},
        "project id and management key are swapped: an id begins with P, a key with K",
        id="swapped",
    ),
    pytest.param(
        {"management_key": "P2another0000000000000000000"},
        "descope.management_key: this is a project id; a management key begins with K",
        id="two ids",
    ),
    pytest.param(
        {"management_key": "K2another"}, REFUSED.format("P2sandboxSANDBOX0123456789ab"), id="key of another project"
    ),
    pytest.param({"project_id": "P2another"}, REFUSED.format("P2another"), id="id of another project"),
    pytest.param(
        {"project_id": REGIONAL},
        "the project id names the region euc1, whose address is https://api.euc1.descope.com, but base_url is http://",
        id="other region",
    ),
]


@pytest.mark.parametrize("command", [("check",), ("run", "--yes")], ids=" ".join)
@pytest.mark.parametrize(("descope", "says"), CASES)
def test_project_and_key_that_do_not_go_together_are_told_apart(
    place: Place, command: tuple[str, ...], descope: dict[str, Any], says: str
) -> None:
    """Exit 2 before anybody is read; each mistake in its own words, and no other one's."""
    place.sandbox.control.reset(users=3, difficult=0)
    place.configure(descope=descope)

    ended = place.forked(*command)

    assert ended.code == 2
    assert [one for case in CASES if (one := str(case.values[1])) in told(ended)] == [says]
    assert "fix:" in told(ended).lower()
    assert written(place) == []
    assert not [one for one in place.journal("docebo") if one["path"] == LIST]
