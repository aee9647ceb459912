"""`migrator db`: the checkpoint's schema."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from migrator.checkpoint import schema
from migrator.checkpoint.database import Database
from migrator.cli.common import Common, command

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.group()
def db() -> None:
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


@db.command()
@command
def current(common: Common) -> int:
    """Tell which schema the checkpoint has, and which one this migrator wants.

    \b
    Example:
      migrator db current

    \b
    Exit codes: 0 told, 2 no checkpoint, or not a migrator database.
    """  # noqa: D301 -- Click's \b
    with _database(common, create=False) as database, database.read() as connection:
        found = schema.current(connection)
    _tell(common, found)
    return 0


@db.command()
@command
def upgrade(common: Common) -> int:
    """Bring the checkpoint's schema to what this migrator wants, all or nothing.

    \b
    Example:
      migrator db upgrade

    \b
    Exit codes: 0 done, 2 not a migrator database, 4 the database failed (run again).
    """  # noqa: D301 -- Click's \b
    with _database(common, create=True) as database:
        with database.write() as connection:
            schema.current(connection)
            schema.upgrade(connection)
        with database.read() as connection:
            found = schema.current(connection)
    _tell(common, found)
    return 0


def _tell(common: Common, found: str | None) -> None:
    if common.as_json:
        common.print_json({"current": found, "head": schema.head()})
    else:
        click.echo(f"current: {found or 'empty'}\nnewest:  {schema.head()}")
