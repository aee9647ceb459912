"""The schema's version: the present one, the one this program needs, and the upgrade between them (Alembic)."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from migrator.core.errors import ConfigError
from migrator.core.packaging import packaged

VERSION_TABLE = "migrator_version"


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    """The revision this program works with."""
    revision = ScriptDirectory.from_config(_alembic()).get_current_head()
    if revision is None:
        raise RuntimeError("the installation has no migrations")
    return revision


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
    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if revision is not None and revision not in known:
        raise ConfigError(
            f"The checkpoint was written by a newer migrator (schema {revision}).",
            fix="Install that version or a later one; nothing was changed.",
        )
    return revision


def upgrade_schema(connection: Connection) -> None:
    """Bring the database to head within the caller's transaction: all of it or nothing (docs/reliability.md C7)."""
    command.upgrade(_alembic(connection), "head")
