"""The migrations build what the program works with, from every older revision (docs/reliability.md S7)."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from renamed import renamed
from sqlalchemy import Connection, MetaData, Table, create_engine, inspect, select, update
from virtual_clock import VirtualClock

from migrator.checkpoint.db import schema
from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import metadata, source_user
from migrator.checkpoint.users.trial_mapping import restore_snapshots
from migrator.cli.main import main
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, StopRun
from migrator.core.packaging import packaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import Place

REVISIONS = [script.revision for script in ScriptDirectory.from_config(schema._alembic()).walk_revisions()][::-1]


@contextmanager
def writing(place: Place) -> Iterator[Connection]:
    """A transaction past the program."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def to_head(place: Place) -> None:
    url = place.config.checkpoint.sqlalchemy_url
    Checkpoint(url, "default", VirtualClock(), upgrade=True).db.close()


def shape(connection: Connection) -> dict[str, Any]:
    """Everything a database tells about its tables, checks and keys included."""
    looked = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: {**column, "type": str(column["type"])} for column in looked.get_columns(table)
            },
            "primary": looked.get_pk_constraint(table)["constrained_columns"],
            "foreign": [
                (key["constrained_columns"], key["referred_table"], key["referred_columns"])
                for key in looked.get_foreign_keys(table)
            ],
            "checks": sorted((check["name"] or "", check["sqltext"]) for check in looked.get_check_constraints(table)),
            "indexes": sorted((index["name"] or "", index["column_names"]) for index in looked.get_indexes(table)),
        }
        for table in sorted(looked.get_table_names())
        if table != schema.VERSION_TABLE
    }


def test_s7_the_migrations_build_exactly_the_tables_of_the_program(any_place: Place) -> None:
    """Alembic finds no difference, and neither does a comparison with tables made straight from the metadata."""
    to_head(any_place)
    with writing(any_place) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
        migrated = shape(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == shape(connection)


ROWS: dict[str, dict[str, Any]] = {
    "migration": {"key": "default", "source": "old.example.com", "fence": 7, "sweep": 3, "marks_read": 1},
    "run": {"migration": "default", "number": 1, "command": "run", "started_at": 1.5},
    "source_user": {
        "migration": "default", "user_id": "42", "seen_sweep": 3, "state": "created", "notes": "",
        "profile": '{"name": "Zoë"}', "hash": "0" * 64, "attempts": 2, "target_id": "U2x",
    },
    "login": {"migration": "default", "login_key": "abc", "user_id": "42"},
    "known_mark": {"migration": "default", "user_id": "42", "target_id": "U2x"},
}  # fmt: skip


# What a later revision keeps in another form, or does not need any more.
REPLACED = {"verified", "marks_read", "known_mark", "full_sweep_size"}


def contents(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    there = MetaData()
    there.reflect(connection)
    tables = {name: there.tables[name] for name in ROWS if name in there.tables}
    return {name: [dict(row) for row in connection.execute(select(it)).mappings()] for name, it in tables.items()}


@pytest.mark.parametrize("revision", REVISIONS)
def test_s7_an_upgrade_from_every_older_revision_keeps_the_data(any_place: Place, revision: str) -> None:
    """Whatever stood in the checkpoint stands there afterwards, in columns that may have become more."""
    with writing(any_place) as connection:
        command.upgrade(schema._alembic(connection), revision)
        there = inspect(connection).get_table_names()
        for name, row in ROWS.items():
            if name in there:
                table = Table(name, MetaData(), autoload_with=connection)
                named = row | renamed(name, row)
                connection.execute(table.insert(), {key: named[key] for key in named if key in table.c})
        before = contents(connection)

    to_head(any_place)

    with writing(any_place) as connection:
        assert schema.current_revision(connection) == REVISIONS[-1]
        after = contents(connection)
    for name in ROWS.keys() - REPLACED:
        assert len(after[name]) == 1
        kept = {column: value for column, value in renamed(name, before[name][0]).items() if column not in REPLACED}
        assert kept.items() <= after[name][0].items()


SSO = ("username_hash", "username_fold_hash", "email_hash", "login_hash", "sso_mapped", "sso_seen")


def test_s7_what_a_killed_plan_wrote_over_is_put_back_after_an_upgrade(any_place: Place) -> None:
    """The rows that it kept name the columns as the older schema did; there are more of them than one page holds."""
    users = [f"{number}" for number in range(1, 1202)]
    with writing(any_place) as connection:
        command.upgrade(schema._alembic(connection), "0004")
        there = MetaData()
        there.reflect(connection)
        table = there.tables["source_user"]
        bound = {name: value for name, value in ROWS["migration"].items() if name in there.tables["migration"].c}
        connection.execute(there.tables["migration"].insert(), bound)
        left = dict.fromkeys(table.c.keys()) | ROWS["source_user"]
        was = {
            name: value for name, value in left.items() if name not in ("migration", "user_id", "seen_sweep", "was_row")
        }
        was |= {
            "hash": "old",
            "notes": "name_cut",
            "created": "2020",
            "last_login": "2021",
            "seen": "U",
            "predicted": "updated",
        }
        kept = json.dumps({"row": was, "logins": ["a key"]})
        connection.execute(table.insert(), [left | {"user_id": user_id, "was_row": kept} for user_id in users])

    url = any_place.config.checkpoint.sqlalchemy_url
    with Checkpoint(url, "default", VirtualClock(), upgrade=True) as checkpoint:
        checkpoint.write(lambda c: c.execute(update(source_user).values(record_hash="of another mapping")))
        restore_snapshots(checkpoint)
        found = checkpoint.read(lambda c: c.execute(select(source_user)).mappings().all())

    # Columns of later revisions: whatever the plan stored in the first does not stay.
    new = {"record_hash": None, "history": None, "undoing": None, **dict.fromkeys(SSO)}
    expected = renamed("source_user", was) | new | {"migration": "default", "seen_sweep": 3, "was_row": None}
    assert {row["user_id"]: dict(row) for row in found} == {one: expected | {"user_id": one} for one in users}


def test_the_program_needs_the_newest_revision() -> None:
    """Written down, because a command that finds the schema right must not load Alembic."""
    assert REVISIONS[-1] == schema.HEAD


def with_one_revision_more(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make this program the next version of itself."""
    scripts = folder / "migrations"
    shutil.copytree(packaged("migrations"), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9000_next.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = '9000', '{REVISIONS[-1]}'\n"
        "def upgrade() -> None:\n"
        "    op.add_column('run', sa.Column('later', sa.Text))\n",
        encoding="utf-8",
    )
    patch.setattr(schema, "packaged", lambda name: folder / name)
    patch.setattr(schema, "HEAD", "9000")


def test_s7_a_next_version_upgrades_only_when_allowed(any_place: Place, tmp_path: Path) -> None:
    """Without leave the older checkpoint is refused and unchanged; once upgraded, the older program refuses it."""
    to_head(any_place)
    with pytest.MonkeyPatch.context() as patch:
        with_one_revision_more(patch, tmp_path)
        with pytest.raises(ConfigError, match="this migrator needs 9000"):
            Checkpoint(any_place.config.checkpoint.sqlalchemy_url, "default", Clock(), upgrade=False)
        with writing(any_place) as connection:
            assert schema.current_revision(connection) == REVISIONS[-1]
        to_head(any_place)
        with writing(any_place) as connection:
            assert schema.current_revision(connection) == "9000"

    with pytest.raises(ConfigError, match="newer migrator"):
        to_head(any_place)


def test_s7_an_upgrade_that_fails_in_the_middle_changes_nothing(any_place: Place, tmp_path: Path) -> None:
    """All revisions or none: a failing statement takes the ones before it back."""
    to_head(any_place)
    with pytest.MonkeyPatch.context() as patch:
        with_one_revision_more(patch, tmp_path)
        script = tmp_path / "migrations" / "versions" / "9000_next.py"
        script.write_text(script.read_text(encoding="utf-8") + "    op.drop_table('none')\n", encoding="utf-8")
        with pytest.raises(StopRun):
            to_head(any_place)

    with writing(any_place) as connection:
        assert schema.current_revision(connection) == REVISIONS[-1]
        assert "later" not in {column["name"] for column in inspect(connection).get_columns("run")}


def test_s7_a_way_back_is_not_offered() -> None:
    """A downgrade would drop what was learnt; the command line has none."""
    shown = CliRunner().invoke(main, ["db", "--help"])

    assert shown.exit_code == 0
    assert "upgrade" in shown.output
    assert "downgrade" not in shown.output
