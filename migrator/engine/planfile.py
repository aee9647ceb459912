"""A plan as a file that binds: `plan --out` writes it, `run --plan` does only what it says."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from migrator.checkpoint import foreseen
from migrator.checkpoint.foreseen import Entry
from migrator.checkpoint.plans import CONFLICT
from migrator.errors import ConfigError
from migrator.model import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migrator.engine.job import Job

VERSION = 1
AT_ONCE = 500
DECISIONS = {*Decision, CONFLICT}


@dataclass(frozen=True, slots=True)
class Header:
    """What a plan belongs to."""

    source: str
    project: str
    mapping: str
    policy: str
    version: int = VERSION
    kind: str = "plan"


def _header(job: Job) -> Header:
    config = job.config
    return Header(job.platform, config.descope.project_id, config.mapping.fingerprint(), config.policy.fingerprint())


def check_new(path: Path) -> None:
    """Before anything is read: there must be room for a plan of that name. Raises as `write` does."""
    if path.exists() or path.is_symlink() or not path.parent.is_dir():
        why = "there is no such folder" if not path.parent.is_dir() else "it is there already"
        raise ConfigError(f"The plan {path} cannot be written: {why}.", fix="Give --out a new file.")


def write(job: Job, path: Path) -> None:
    """Write the plan as JSON lines: a header, then one line per decided user, before -> after included.

    Raises:
        ConfigError: the file is there already, or cannot be made.
    """
    try:
        # 0600 and never over another file: it holds personal data, and an older plan may still be wanted.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise ConfigError(
            f"The plan {path} cannot be written: {error.strerror}.", fix="Give --out a new file."
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(_header(job))) + "\n")
        for entry in foreseen.entries(job.checkpoint):
            file.write(json.dumps(asdict(entry)) + "\n")


def apply(job: Job, path: Path) -> None:
    """Keep today's decisions only where the plan made the very same ones on the very same users.

    Raises:
        ConfigError: the file is no plan, or another migration's, mapping's or policy's.
    """
    foreseen.begin_binding(job.checkpoint)
    planned = _read(job, path)
    while some := list(islice(planned, AT_ONCE)):
        foreseen.bind(job.checkpoint, some)
    foreseen.leave_out_unnamed(job.checkpoint)


def check(job: Job, path: Path) -> None:
    """Read the whole file once, before anything else happens. Raises as `apply` does."""
    for _ in _read(job, path):
        pass


def _read(job: Job, path: Path) -> Iterator[Entry]:
    try:
        with path.open(encoding="utf-8") as file:
            _check_header(job, path, file.readline())
            for number, line in enumerate(file, start=2):
                yield _entry(path, number, line)
    except OSError as error:
        raise ConfigError(
            f"The plan {path} cannot be read: {error.strerror}.", fix="Give --plan the file of `plan --out`."
        ) from None
    except UnicodeDecodeError:
        raise _broken(path, 1) from None


def _check_header(job: Job, path: Path, line: str) -> None:
    try:
        found = json.loads(line)
    except ValueError:
        raise _broken(path, 1) from None
    if not isinstance(found, dict) or found.get("kind") != "plan":
        raise _broken(path, 1)
    for name, value in asdict(_header(job)).items():
        if found.get(name) != value:
            raise ConfigError(
                f"The plan {path} was made for another {name} than the configuration's.",
                fix="Make a new one with `migrator plan --out`.",
            )


def _entry(path: Path, number: int, line: str) -> Entry:
    try:
        values: dict[str, Any] = json.loads(line)
        entry = Entry(**values)
    except (ValueError, TypeError):
        raise _broken(path, number) from None
    if entry.decision not in DECISIONS:
        raise _broken(path, number)
    return entry


def _broken(path: Path, number: int) -> ConfigError:
    return ConfigError(
        f"{path}, line {number}: not a line of a plan.", fix="Make a new one with `migrator plan --out`."
    )
