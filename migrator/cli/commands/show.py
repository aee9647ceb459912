"""`migrator show`: everything about one person."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import click
from typing_extensions import TypedDict

from migrator.checkpoint.users.choices import load_choices
from migrator.cli.command import Common, with_common_options
from migrator.cli.reading import checkpoint_beside_run
from migrator.cli.signals import signals
from migrator.cli.wrap import fitted
from migrator.core.clock import Clock, utc_text
from migrator.core.errors import ConfigError
from migrator.core.grants import ROLES, TENANTS
from migrator.core.model import Json
from migrator.descope.endpoints import CREATE_BATCH
from migrator.descope.payload import create_body, create_request
from migrator.descope.reader import DescopeReader
from migrator.docebo.client import DoceboClient
from migrator.flow.person import BothSides, fresh_person, stored_person
from migrator.report.advice import advice_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import Config
    from migrator.core.model import TargetUser
    from migrator.descope.user import DescopeUser
    from migrator.flow.person import PersonView

_WHAT = {
    "create": "create the user",
    "update": "update the user",
    "adopt": "link the user found in Descope",
    "unchanged": "change nothing",
    "conflict": "leave it to a person",
}


class DecisionDocument(TypedDict):
    """What a run would do: `changes` are values before and after by the names of their fields."""

    action: str
    reason: str | None
    changes: dict[str, list[Json]]


class ChangeDocument(TypedDict):
    """A state that the person came to, in the run of that number; the time is ISO 8601, UTC."""

    at: str
    event: str
    reason: str | None
    run: int


class PersonDocument(TypedDict):
    """Everything about one person; null is what is not known, or was not asked. `migrator show` prints it.

    `source` is Docebo's record, `target` the user built from it, `request` the body that creates it, and `found` the
    user in Descope.
    """

    schema: Literal["show/1"]
    docebo_user_id: str
    descope_user_id: str | None
    state: str | None
    reason: str | None
    decision: DecisionDocument | None
    source: Json
    target: dict[str, Json] | None
    request: dict[str, Json] | None
    found: dict[str, Json] | None
    history: list[ChangeDocument]


@click.command()
@click.argument("who")
@click.option("--fresh", is_flag=True, help="Ask Docebo and Descope as they are now; neither is changed.")
@with_common_options
def show_command(common: Common, who: str, fresh: bool) -> int:
    """Show everything about one person, and how they came to be so.

    That is Docebo's record, the user made of it, the request that creates it, what a run would do, state, reason and
    history. WHO is a Docebo id, a Descope id, a login id, an e-mail address or a Docebo user name. Without --fresh, it
    is what the checkpoint knows. Changes nothing. It prints personal data.

    \b
    Example:
      migrator show 4711
      migrator show ann@example.org --fresh

    \b
    Exit codes: 0 shown, 2 configuration, no checkpoint yet, nobody or several are called that, 4 a server does not
    answer, 129/130/143 interrupted.
    """  # noqa: D301 -- Click's \b
    config = common.load(offline=not fresh)
    clock = Clock()
    with signals(clock), checkpoint_beside_run(config, clock) as checkpoint:
        person = stored_person(checkpoint, who.strip())
        if fresh:
            person = _asked(config, checkpoint, who.strip(), person)
        if person is None:
            where = "in the checkpoint, Docebo or Descope" if fresh else "in the checkpoint"
            asks = "" if fresh else ", or ask both sides with --fresh"
            raise ConfigError(
                f"Nobody {where} is called that.",
                fix=f"Give a Docebo id, a Descope id, a login id, an e-mail address or a Docebo user name{asks}.",
            )
    document = _document(person)
    if common.as_json:
        common.print_json(document)
    else:
        click.echo("\n".join(_lines(person, document, fresh=fresh)))
    return 0


def _asked(config: Config, checkpoint: Checkpoint, who: str, known: PersonView | None) -> PersonView | None:
    docebo, descope = DoceboClient(config.docebo, checkpoint.clock), DescopeReader(config.descope, checkpoint.clock)
    with closing(docebo), closing(descope):
        sides = BothSides.reach(config, docebo, descope, load_choices(checkpoint))
        return fresh_person(sides, who, known)


def _document(person: PersonView) -> PersonDocument:
    stored = person.stored
    return {
        "schema": "show/1",
        "docebo_user_id": person.user_id,
        "descope_user_id": person.descope_id,
        "state": stored.state.value if stored else None,
        "reason": person.rejected or (stored.reason if stored else None),
        "decision": _decision(person),
        "source": person.source,
        "target": _shown(person.target) if person.target else None,
        "request": create_request([create_body(person.target)]) if person.target else None,
        "found": _shown(person.found) if person.found else None,
        "history": [
            {"at": utc_text(one.at), "event": one.state.value, "reason": one.reason, "run": one.run}
            for one in person.history
        ],
    }


def _shown(user: TargetUser | DescopeUser) -> dict[str, Json]:
    """The user's fields, and what rules or people gave it in the form of Descope."""
    fields = {name: value for name, value in asdict(user).items() if name != "grants"}
    return {**fields, TENANTS: user.tenants, ROLES: user.roles}


def _decision(person: PersonView) -> DecisionDocument | None:
    """What a run would do as both sides are now, or else what the last plan decided and no run has done yet."""
    planned = person.planned or person.stored
    if planned is None or planned.decision is None:
        return None
    return {"action": planned.decision.value, "reason": planned.reason, "changes": planned.changes or {}}


def _lines(person: PersonView, document: PersonDocument, *, fresh: bool) -> Iterator[str]:
    """The same for people."""
    there = document["descope_user_id"]
    yield f"Docebo user {person.user_id}: {f'Descope user {there}' if there else 'not in Descope'}"
    yield f"  state     {document['state'] or 'not read by any run yet'}"
    if reason := document["reason"]:
        advice = advice_on(reason)
        yield fitted(f"{reason}: {advice.meaning}", "  reason    ")
        yield fitted(f"Fix: {advice.fix}", "            ")
    if decision := document["decision"]:
        yield fitted(_decision_text(decision), "  decision  ")
    for one in person.history:
        at, reason = datetime.fromtimestamp(one.at, UTC), f" ({one.reason})" if one.reason else ""
        yield f"  history   {at:%Y-%m-%d %H:%M} UTC  run {one.run}  {one.state}{reason}"
    for title, value in (
        ("Docebo record", document["source"]),
        ("Target user", document["target"]),
        ("User in Descope", document["found"]),
        (f"Request that creates the user: {CREATE_BATCH.method} {CREATE_BATCH.path}", document["request"]),
    ):
        if value is not None:
            yield f"\n{title}\n{json.dumps(value, indent=2, ensure_ascii=False)}"
    if document["source"] is None and fresh:
        yield "\nDocebo does not show this person any more."
    elif document["source"] is None:
        yield fitted("The checkpoint does not keep this person's record; --fresh asks Docebo for it.", "\n")


def _decision_text(decision: DecisionDocument) -> str:
    fields = ", ".join(decision["changes"])
    reason = f" ({decision['reason']})" if decision["reason"] else ""
    return f"a run would {_WHAT[decision['action']]}{f': {fields}' if fields else reason}"
