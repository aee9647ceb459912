"""Whole runs inside this process, ended as the command line would end them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from virtual_clock import VirtualClock

from migrator.core.errors import MigratorError
from migrator.core.model import RunOutcome
from migrator.http.session import HttpSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

    from migrator.core.clock import Clock
    from migrator.report.summary import RunFigures

CREATE = "/v1/mgmt/user/create/batch"
PATCH = "/v1/mgmt/user/patch/batch"
SEARCH = "/v2/mgmt/user/search"
USER = "/v1/mgmt/user"
ATTRIBUTES = "/v1/mgmt/user/customattributes"
LIST = "/manage/v1/user"
TOKEN = "/oauth2/token"


@dataclass
class Run:
    """How one run ended: the exit code, and the counts and reasons that are not zero."""

    code: int
    error: MigratorError | None = None
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def go(place: Place, clock: Clock | None = None, **options: Any) -> Run:
    """One run, its waits free of charge unless another clock is given."""
    try:
        figures = place.migrate(clock or VirtualClock(), **options)
    except MigratorError as error:
        return Run(error.exit_code, error)
    return _ended(figures)


def _ended(figures: RunFigures) -> Run:
    document = figures.document()
    counts = {name: number for name, number in document["counts"].items() if number}
    code = 3 if figures.outcome == RunOutcome.NEEDS_PERSON else 0
    error = figures.error
    return Run(error.exit_code if error else code, error, counts, document["reasons"])


@contextmanager
def impatient(seconds: float) -> Iterator[None]:
    """Give every exchange a shorter deadline, as an answer that never comes costs all of it in real time."""
    exchange = HttpSession.exchange

    def hurried(self: HttpSession, *args: Any, **kwargs: Any) -> Any:
        kwargs["deadline"] = min(seconds, kwargs["deadline"])
        return exchange(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpSession, "exchange", hurried)
        yield


def calls(place: Place, path: str) -> list[dict[str, Any]]:
    """The journal's entries of one path."""
    return [entry for entry in place.sandbox.control.journal() if entry["path"] == path]


def small(place: Place, users: int = 20, **population: float) -> oracle.Before:
    """A population of plain people on pages of 7, sent in batches of 5; the world before the migration."""
    place.configure(docebo={"page_size": 7}, descope={"batch_size": 5})
    place.sandbox.control.reset(users=users, **{"difficult": 0, **population})
    return oracle.before(place)


def emails(place: Place) -> list[str]:
    """The addresses at Docebo, in the order of the users' ids, as they are sent."""
    users = sorted(place.sources(), key=lambda user: str(user["user_id"]))
    return [str(user["email"]).lower() for user in users]
