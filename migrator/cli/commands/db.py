"""`migrator db`: the checkpoint's schema."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import click
from typing_extensions import TypedDict

from migrator.checkpoint.db.database import Database
from migrator.checkpoint.db.schema import current_revision, head_revision, upgrade_schema
from migrator.cli.command import Common, with_common_options

if TYPE_CHECKING:
    from collections.abc import Iterator


class DbDocument(TypedDict):
    """The checkpoint's schema, null for none, and the newest. `migrator db current` and `db upgrade` print it."""

    schema: Literal["db/1"]
    current: str | None
    head: str


@click.group()
def db_group() -> None:
    """Look at or upgrade the checkpoint's schema.

    \b
    Example:
      migrator db current
      migrator db upgrade

    \b
    Exit codes: 0 done, 2 configuration, or not a migrator database.
    """  # noqa: D301 -- Click's \b


@contextmanager
def _database(common: Common, *, create: bool) -> Iterator[Database]:
    config = common.load(offline=True)
    database = Database(config.checkpoint.sqlalchemy_url, create=create)
    try:
        yield database
    finally:
        database.close()


@db_group.command()
@with_common_options
def current_command(common: Common) -> int:
    """Show which schema the checkpoint has, and which one this migrator needs.

    \b
    Example:
      migrator db current

    \b
    Exit codes: 0 shown, 2 no checkpoint, or not a migrator database.
    """  # noqa: D301 -- Click's \b
    with _database(common, create=False) as database, database.read() as connection:
        found = current_revision(connection)
    _tell(common, found)
    return 0


@db_group.command()
@with_common_options
def upgrade_command(common: Common) -> int:
    """Upgrade the checkpoint's schema to what this migrator needs, all or nothing.

    \b
    Example:
      migrator db upgrade

    \b
    Exit codes: 0 done, 2 not a migrator database, 4 the database failed (run again).
    """  # noqa: D301 -- Click's \b
    with _database(common, create=True) as database:
        with database.write() as connection:
            current_revision(connection)
            upgrade_schema(connection)
        with database.read() as connection:
            found = current_revision(connection)
    _tell(common, found)
    return 0


def _tell(common: Common, found: str | None) -> None:
    if common.as_json:
        document: DbDocument = {"schema": "db/1", "current": found, "head": head_revision()}
        common.print_json(document)
    else:
        click.echo(f"current: {found or 'empty'}\nnewest:  {head_revision()}")
