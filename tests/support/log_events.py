"""Logging set up for one test, and its lines read back."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any, Literal

import pytest
import structlog

from migrator.log.setup import configure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "canary-s3cret/key"


@pytest.fixture(autouse=True)
def fresh_logging() -> Iterator[None]:
    """Each test starts and ends with the libraries' own set-up."""
    handlers = logging.getLogger().handlers[:]
    yield
    configure(style="json", file=None, verbosity=0, secrets=(), stream=io.StringIO())  # closes a log file
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers


def set_up(
    style: Literal["console", "json"] = "json",
    *,
    file: Path | None = None,
    verbosity: int = 2,
    secrets: Any = (SECRET,),
) -> io.StringIO:
    stream = io.StringIO()
    configure(style=style, file=file, verbosity=verbosity, secrets=secrets, stream=stream)
    return stream


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
