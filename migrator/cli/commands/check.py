"""`migrator check`: is everything right before the first run?"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from typing_extensions import TypedDict

from migrator.checkpoint.db.database import Database
from migrator.checkpoint.db.schema import current_revision, head_revision
from migrator.cli import colour
from migrator.cli.command import Common, with_common_options
from migrator.cli.wrap import fitted
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, MigratorError
from migrator.descope.reader import DescopeReader
from migrator.docebo.client import DoceboClient
from migrator.docebo.mapped_fields import ask_docebo, mapped_fields, missing_fields_error
from migrator.flow.plan.project_attributes import find_attributes
from migrator.flow.plan.project_grants import find_missing_grants, missing_error
from migrator.flow.read.members import check_rule_lists
from migrator.http.retry import BRIEF
from migrator.report.files import PROBLEMS_NAME, SUMMARY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.config.schema import Config

LEAST_FREE = 256 * 1024 * 1024  # bytes; a checkpoint of 100,000 users stays below it
MOST_SKEW = 60.0  # seconds


class LineDocument(TypedDict):
    """A `Line` in JSON."""

    name: str
    ok: bool
    text: str
    fix: str
    warning: bool


class CheckDocument(TypedDict):
    """The result of each check, and whether nothing must be fixed first. `migrator check` prints it."""

    schema: Literal["check/1"]
    ok: bool
    checks: list[LineDocument]


@dataclass(frozen=True, slots=True)
class Line:
    """The result of one check; `fix` says what to do when it is not ok.

    A `warning` is not ok either, but nothing that must be fixed first.
    """

    name: str
    ok: bool
    text: str
    fix: str = ""
    warning: bool = False

    def document(self) -> LineDocument:
        """As JSON."""
        return {"name": self.name, "ok": self.ok, "text": self.text, "fix": self.fix, "warning": self.warning}


class Undecided(MigratorError):
    """A check could not find out whether something is right."""


@click.command()
@with_common_options
def check_command(common: Common) -> int:
    """Check configuration, both APIs, rights, attributes, limits, database, disk and clock.

    Also checks that Docebo has every field, branch and group that the mapping names, and Descope every tenant and
    role. Changes nothing. One line each, with the fix;
    `warn` marks what could not be found out, and does not fail the check. -q shows only what fails.

    \b
    Example:
      migrator check

    \b
    Exit codes: 0 all right, 2 something must be fixed first.
    """  # noqa: D301 -- Click's \b
    config = common.load()
    lines = [Line("configuration", ok=True, text=str(common.config_path))]
    for line in _checks(config):
        lines.append(line)
        if not common.as_json and (common.verbosity >= 0 or not (line.ok or line.warning)):
            _show(line)
    ok = all(line.ok or line.warning for line in lines)
    if common.as_json:
        document: CheckDocument = {"schema": "check/1", "ok": ok, "checks": [line.document() for line in lines]}
        common.print_json(document)
    return 0 if ok else ConfigError.exit_code


def _show(line: Line) -> None:
    word, tone = ("ok  ", colour.GOOD) if line.ok else ("warn", colour.CARE) if line.warning else ("FAIL", colour.BAD)
    told = fitted(f"{line.name}: {line.text}", f"{word} ")
    click.echo(colour.paint(word, tone) + told.removeprefix(word))
    if line.fix:
        click.echo(fitted(f"fix: {line.fix}", "     "))


def _checks(config: Config) -> Iterator[Line]:
    clock = Clock()
    docebo = DoceboClient(config.docebo, clock, patience=BRIEF)
    descope = DescopeReader(config.descope, clock, patience=BRIEF)
    try:
        session = _try("docebo", lambda: _docebo(docebo, config))
        yield session
        yield _try("mapping", lambda: _mapping(docebo, config, reached=session.ok))
        yield _try("descope", lambda: _descope(descope, config))
        if config.mapping.rules:
            yield _try("rules", lambda: _rules(descope, config))
        if config.mapping.member_lists:
            yield _try("members", lambda: _members(docebo, config, reached=session.ok))
        yield _try("limits", lambda: _limits(config))
        yield _try("clock", lambda: _clock(clock, docebo, descope))
    finally:
        docebo.close()
        descope.close()
    yield _try("database", lambda: _database(config))
    yield _try("report", lambda: _report(config))
    yield _try("disk", lambda: _disk(config))


def _try(name: str, look: Callable[[], str]) -> Line:
    try:
        return Line(name, ok=True, text=look())
    except Undecided as error:
        return Line(name, ok=False, text=error.message, fix=error.fix, warning=True)
    except MigratorError as error:
        return Line(name, ok=False, text=error.message, fix=error.fix)


def _docebo(client: DoceboClient, config: Config) -> str:
    client.check_session()
    return f"{config.docebo.platform}: the {config.docebo.grant} grant works and sees every user"


def _mapping(client: DoceboClient, config: Config, *, reached: bool) -> str:
    fields = mapped_fields(config.mapping)
    if not fields:
        return "it names no Docebo fields"
    if not reached:
        raise Undecided("unknown: Docebo was not asked for its fields", fix="First fix what the docebo line says.")
    unknown = ask_docebo(client, config.mapping)
    if unknown.missing:
        raise ConfigError(unknown.describe_missing(), fix=missing_fields_error(unknown, config).fix)
    if unknown.unseen:
        raise Undecided(unknown.describe_unseen(), fix="Check in Docebo whether the field exists.")
    return f"Docebo has every field it names: {', '.join(dict.fromkeys(field.name for field in fields))}"


def _descope(client: DescopeReader, config: Config) -> str:
    missing = find_attributes(client, config).missing
    attributes = (
        f"`run` will define the custom attributes {', '.join(missing)}"
        if missing
        else "all custom attributes are defined"
    )
    return f"project {config.descope.project_id}: the management key works; {attributes}"


def _rules(client: DescopeReader, config: Config) -> str:
    missing = find_missing_grants(client, config)
    if missing:
        raise missing_error(missing, config)
    given = config.mapping.grants
    tenants, roles = len({one.tenant for one in given if one.tenant}), len({one.role for one in given if one.role})
    return f"Descope has everything they give: tenants {tenants}, roles {roles}"


def _members(client: DoceboClient, config: Config, *, reached: bool) -> str:
    if not reached:
        raise Undecided("unknown: Docebo was not asked for them", fix="First fix what the docebo line says.")
    check_rule_lists(client, config)
    named = {(one.kind, one.name) for one in config.mapping.member_lists}
    branches = sum(kind == "branch" for kind, _ in named)
    return f"Docebo has everything that rules name: branches {branches}, groups {len(named) - branches}"


def _limits(config: Config) -> str:
    docebo = f"{config.docebo.calls_per_hour} calls an hour" if config.docebo.calls_per_hour else "no limit"
    descope = ", ".join(f"{name} {calls}" for name, calls in config.descope.limits.items())
    return f"Docebo {docebo}; Descope {f'{descope} a minute' if descope else 'no limit'}"


def _clock(clock: Clock, *clients: DoceboClient | DescopeReader) -> str:
    skews = [client.server_time - clock.time() for client in clients if client.server_time is not None]
    if not skews:
        raise Undecided("unknown: neither server gave its time", fix="First fix what the docebo and descope lines say.")
    worst = max(skews, key=abs)
    if abs(worst) > MOST_SKEW:
        raise ConfigError(f"this machine's clock is {abs(worst):.0f} s off the servers'", fix="Set the clock with NTP.")
    return f"{abs(worst):.0f} s off the servers' clocks"


def _database(config: Config) -> str:
    url = config.checkpoint.sqlalchemy_url
    name = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        folder = Path(url.database or "").parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise ConfigError(
                f"the folder {folder} does not exist or is not writable", fix="Create it, or change checkpoint.url."
            )
        return f"{name}: the first run will create it"
    database = Database(url, create=False)
    try:
        with database.read() as connection:
            current = current_revision(connection)
    finally:
        database.close()
    if current not in (None, head_revision()):
        raise ConfigError(f"{name} has schema {current}, not {head_revision()}", fix="Run `migrator db upgrade`.")
    return f"{name}: {'empty' if current is None else 'ready'}"


def _report(config: Config) -> str:
    folder = config.report.path
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise ConfigError(f"{folder} is not writable", fix="Set report.dir to another place.")
    return f"{SUMMARY_NAME} and {PROBLEMS_NAME} go to {folder}"


def _disk(config: Config) -> str:
    url = config.checkpoint.sqlalchemy_url
    folder = Path(url.database or "").parent if url.get_backend_name() == "sqlite" else config.report.path
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE:
        raise ConfigError(f"only {free // 1024**2} MiB are free on {there}", fix="Free some space first.")
    return f"{free // 1024**3} GiB free"
