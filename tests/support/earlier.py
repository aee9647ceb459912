"""The program as it was before it sent `doceboUsername`, for checkpoints that an earlier version left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import create_engine

from migrator.checkpoint.db import schema
from migrator.core.model import DOCEBO_USERNAME
from migrator.flow.plan import project_attributes
from migrator.normalize import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place


@contextmanager
def earlier_version() -> Iterator[None]:
    """Commands forked here neither define nor send the attribute, and their code has another fingerprint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "username_of", lambda _: "")
        patch.setattr(mapping, "code_fingerprint", lambda: "earlier")
        ours = {name: one for name, one in project_attributes._OURS.items() if name != DOCEBO_USERNAME}
        patch.setattr(project_attributes, "_OURS", ours)
        yield


def downgrade(place: Place) -> None:
    """Give the checkpoint the schema of that version."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    try:
        with engine.begin() as connection:
            command.downgrade(schema._alembic(connection), "0011")
    finally:
        engine.dispose()
