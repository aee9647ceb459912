"""Who is where by e-mail domain, status and level: counts of users by state, never a person.

The records of users who arrived are erased, so the counts by domain and level are made before that. Later looks tell
from them how many users of each domain were erased, and from the states of everybody where these users are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from migrator.checkpoint.runs.runs import last_details
from migrator.checkpoint.users.counts import predicted_state
from migrator.checkpoint.users.report_rows import kept_records, readiness_groups, wrong_verdict
from migrator.core.email_address import parse_email
from migrator.core.model import ARRIVED_STATES, State
from migrator.docebo.record import DoceboRecord
from migrator.normalize.person import level_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.model import Json
    from migrator.report.document import Breakdown, GroupRow

MOST_DOMAINS = 10
# A domain of fewer users may give one of them away: it is never shown alone.
FEWEST = 5
OTHER_DOMAINS, NO_ADDRESS, UNKNOWN_VALUE = "other domains", "no usable address", "unknown"
ARRIVED_SOMEHOW = "arrived"  # created, updated or unchanged, where nobody can tell which

_Tally = defaultdict[str, Counter[str]]  # value to state to users


def count_groups(checkpoint: Checkpoint, *, predicted: bool) -> Breakdown:
    """Users by status, domain and level, each by state as of now.

    Args:
        predicted: count a planned user as what it would become.
    """
    domains, levels, statuses = (_Tally(Counter) for _ in range(3))
    for row in readiness_groups(checkpoint):
        statuses[row.source_status or UNKNOWN_VALUE][_state(row, predicted=predicted)] += row.users
    for row in kept_records(checkpoint):
        record = DoceboRecord.from_json(row.raw)
        state = _state(row, predicted=predicted)
        domains[_domain(record.email)][state] += 1
        levels[level_of(record.level) or UNKNOWN_VALUE][state] += 1
    found, records = _total(statuses), _total(levels)
    now: Breakdown = {
        "found": found, "statuses": _document(statuses), "earlier": False, "current": True,
        "records": records, "at": checkpoint.clock.time(),
        "domains": _document(_folded(domains)), "levels": _document(levels),
    }  # fmt: skip
    before: Breakdown | None = last_details(checkpoint).get("breakdown")
    if before and records < min(found, before.get("records", 0)):
        now |= {"earlier": True, "records": before["records"], "at": before["at"]}
        by_domain = _renewed(before["domains"], domains, statuses)
        by_level = _renewed(before["levels"], levels, statuses)
        if by_domain is None or by_level is None:
            now |= {"current": False, "domains": before["domains"], "levels": before["levels"]}
        else:
            now |= {"domains": _document(by_domain), "levels": _document(by_level)}
    return now


def _renewed(before: list[GroupRow], kept: _Tally, everybody: _Tally) -> _Tally | None:
    """An earlier tally with the states of now, None where it leaves a doubt.

    Args:
        before: the rows of the earlier look.
        kept: users whose records are there.
        everybody: all users, by whatever.
    """
    users = {row["name"]: sum(row["states"].values()) for row in before}
    renewed: _Tally = _Tally(Counter)
    for name, counter in kept.items():
        renewed[name if name in users else OTHER_DOMAINS] += counter
    erased = {name: number - renewed[name].total() for name, number in users.items()}
    states = sum(everybody.values(), Counter[str]()) - sum(kept.values(), Counter[str]())
    # Users who came since are in no earlier tally, and of erased ones in several states nobody knows who is where.
    if sum(users.values()) != _total(everybody) or renewed.keys() - users or min(erased.values(), default=0) < 0:
        return None
    if len(states) > 1 and states.keys() - ARRIVED_STATES:
        return None
    state = next(iter(states)) if len(states) == 1 else ARRIVED_SOMEHOW
    for name, number in erased.items():
        renewed[name] += Counter({state: number})
    return renewed


def _total(tally: Mapping[str, Counter[str]]) -> int:
    return sum(counter.total() for counter in tally.values())


def _state(row: Row[Any], *, predicted: bool) -> str:
    state = predicted_state(row.state, row.decision) if predicted else State(row.state)
    return wrong_verdict(row) or state


def _domain(value: Json) -> str:
    address = parse_email(value) if isinstance(value, str) else None
    return address.rpartition("@")[2] if address else NO_ADDRESS


def _folded(domains: _Tally) -> _Tally:
    """The domains with most users; all others, and those too small to be shown, as one."""
    shown = {name for name, counter in domains.items() if name == NO_ADDRESS or counter.total() >= FEWEST}
    largest = sorted(shown, key=lambda name: (name == NO_ADDRESS, -domains[name].total(), name))[:MOST_DOMAINS]
    kept = {*largest, NO_ADDRESS}
    folded: _Tally = _Tally(Counter)
    for name, counter in domains.items():
        folded[name if name in kept else OTHER_DOMAINS] += counter
    return folded


def _document(tally: Mapping[str, Counter[str]]) -> list[GroupRow]:
    """Most users first; what is no value of its own comes last."""
    last = (OTHER_DOMAINS, NO_ADDRESS, UNKNOWN_VALUE)
    names = sorted(tally, key=lambda name: (name in last, -tally[name].total(), name))
    return [
        {"name": name, "states": {str(state): number for state, number in sorted(tally[name].items()) if number}}
        for name in names
    ]
