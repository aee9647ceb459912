"""All that a checkpoint holds, read past the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, select

from migrator.checkpoint.db.tables import metadata

if TYPE_CHECKING:
    from world import Place

# Whoever opens a checkpoint to run takes its lease: the fence counts them, and each names its last transaction.
LEASE = ("fence", "last_write")


def everything(place: Place) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table by the table's name, but for what taking the lease leaves."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    try:
        with engine.connect() as connection:
            return {
                table.name: [
                    {name: value for name, value in row.items() if name not in LEASE}
                    for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
                ]
                for table in metadata.sorted_tables
            }
    finally:
        engine.dispose()
