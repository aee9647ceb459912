"""The schema's version: the present one, the one this program needs, and the upgrade between them (Alembic)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from migrator.core.errors import ConfigError
from migrator.core.packaging import packaged

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "migrator_version"
HEAD = "0013"  # the newest of `migrations/versions`


def head_revision() -> str:
    """The revision this program works with."""
    return HEAD


def current_revision(connection: Connection) -> str | None:
    """The revision of the open database; None for an empty one.

    Raises:
        ConfigError: the database belongs to another program, or to a newer version of this one.
    """
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        if tables & {"migration", "source_user"} or (tables and connection.dialect.name == "sqlite"):
            raise ConfigError(
                "The checkpoint database holds tables of another program.",
                fix="Point checkpoint.url at a database of its own.",
            )
        return None
    revision = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 -- a constant
    if revision not in (None, HEAD) and revision not in _known_revisions():
        raise ConfigError(
            f"The checkpoint was written by a newer migrator (schema {revision}).",
            fix="Install that version or a later one; nothing was changed.",
        )
    return revision


def upgrade_schema(connection: Connection) -> None:
    """Bring the database to head within the caller's transaction: all of it or nothing (docs/reliability.md C7)."""
    from alembic import command  # noqa: PLC0415 -- loading it takes as long as a short command

    command.upgrade(_alembic(connection), "head")


def _known_revisions() -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- as above

    return {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def _alembic(connection: Connection | None = None) -> Config:
    from alembic.config import Config  # noqa: PLC0415 -- as above

    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
