"""Logging set up for one test, and its lines read back."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Literal

from migrator.log.setup import configure

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "canary-s3cret/key"


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
