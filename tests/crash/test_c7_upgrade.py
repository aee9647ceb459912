"""A kill in the middle of `db upgrade` leaves the old schema or the new one (docs/reliability.md C7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import crash_points
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from crash_trials import database, die_at
from renamed import renamed
from sqlalchemy import Engine, MetaData, Text, create_engine, inspect

from migrator.checkpoint.db.schema import VERSION_TABLE, _alembic, current_revision, head_revision
from migrator.checkpoint.db.tables import metadata
from migrator.cli.main import main

if TYPE_CHECKING:
    from figures import Note
    from world import Place

# Every revision that somebody may come from, oldest first; "base" is an empty database.
REVISIONS = [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()][:0:-1]


@pytest.mark.grid
@pytest.mark.parametrize("step", [25, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])])
@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_c7_upgrade_is_all_or_nothing(any_place: Place, revision: str, step: int, note: Note) -> None:
    """Killed at any statement, the upgrade did not happen or happened whole; the data are the same."""
    place = any_place
    at_revision(place, revision).dispose()
    points = die_at(0, lambda: upgrade(place), crash_points.statements).points
    commits = {number for number, point in enumerate(points, 1) if "commit" in point}
    chosen = commits | set(range(1, len(points) + 1, step))
    outcomes = set()
    for number in sorted(chosen):
        engine = at_revision(place, revision)
        before = content(engine)
        assert die_at(number, lambda: upgrade(place), crash_points.statements).killed
        outcomes.add(check_whole(engine, before, revision))
        upgrade(place)
        assert check_whole(engine, before, revision) == head_revision()
        engine.dispose()
    assert outcomes == {None if revision == "base" else revision, head_revision()}
    note("C7", f"points of an upgrade, {database(any_place)}", len(chosen))


def upgrade(place: Place) -> None:
    """The command itself, inside this process."""
    with pytest.raises(SystemExit) as ended:
        main(["db", "upgrade", "--config", str(place.config_path)], standalone_mode=False)
    assert ended.value.code == 0


def at_revision(place: Place, revision: str) -> Engine:
    """An engine on a checkpoint with an older schema and one row in each of its tables."""
    for path in place.folder.glob("migrator.db*"):
        path.unlink()
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    tables = MetaData()
    with engine.begin() as connection:
        tables.reflect(connection)
        tables.drop_all(connection)
    if revision == "base":
        return engine
    with engine.begin() as connection:
        command.upgrade(_alembic(connection), revision)
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name != VERSION_TABLE:
                connection.execute(table.insert().values(**row(table.c)))
    return engine


def row(columns: Any) -> dict[str, Any]:
    """A row that no constraint minds."""
    values: dict[str, Any] = {column.name: "x" if isinstance(column.type, Text) else 1 for column in columns}
    if "state" in values:
        values |= {"state": "created", "batch": None}
    if "was_row" in values:
        values["was_row"] = '{"row": {"was_row": "x"}, "logins": []}'
    return values


def content(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables but the version's."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            name: [dict(found._mapping) for found in connection.execute(table.select())]
            for name, table in tables.tables.items()
            if name != VERSION_TABLE
        }


def check_whole(engine: Engine, before: dict[str, list[dict[str, Any]]], revision: str) -> str | None:
    """The schema's revision, which is the old one or the newest, with the tables and the data that belong to it."""
    with engine.connect() as connection:
        current = current_revision(connection)
    after = content(engine)
    if current != head_revision():
        assert current == (None if revision == "base" else revision)
        assert after == before
        return current
    with engine.connect() as connection:
        described = inspect(connection)
        columns = {name: {c["name"] for c in described.get_columns(name)} for name in after}
    assert columns == {table.name: {column.name for column in table.c} for table in metadata.sorted_tables}
    for name in before.keys() & after.keys():  # a table or column that is not needed any more may go
        for old, new in zip(before[name], after[name], strict=True):
            kept = renamed(name, old)
            assert {key: kept[key] for key in kept.keys() & new.keys()} == {
                key: new[key] for key in kept.keys() & new.keys()
            }
    return current
