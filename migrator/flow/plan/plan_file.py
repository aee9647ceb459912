"""A plan as a file that binds: `plan --out` writes it, `run --plan` does only what it says."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from migrator.checkpoint.users.predictions import bind_to_plan, decided_users, forget_predictions, skip_unplanned
from migrator.checkpoint.users.stored_user import StoredUser
from migrator.core.errors import ConfigError
from migrator.core.model import Decision, State, canonical_json, text_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migrator.core.model import Json
    from migrator.flow.context import PlanContext

PLAN_VERSION = 2
UNSEALED_VERSION = 1  # the version whose lines carry no seal
SEAL = "seal"  # the key of a line that holds the hash of all others
SEAL_LENGTH = 16  # hex digits: protects against edits, not against forgers, who could seal a line again
_BINDING = ("user_id", "decision", "hash", "seen")  # what must be the same again
_LINE = (*_BINDING, "changes", "reason")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PlanHeader:
    """What a plan belongs to."""

    source: str
    project: str
    mapping: str
    policy: str
    version: int = PLAN_VERSION
    kind: str = "plan"


def _header(context: PlanContext) -> PlanHeader:
    config = context.config
    return PlanHeader(
        context.platform, config.descope.project_id, config.mapping.fingerprint(), config.policy.fingerprint()
    )


def check_plan_path(path: Path) -> None:
    """Before anything is read: a plan with that name must be possible. Raises as `write` does."""
    if path.exists() or path.is_symlink() or not path.parent.is_dir():
        why = "there is no such folder" if not path.parent.is_dir() else "it exists already"
        raise ConfigError(
            f"The plan {path} cannot be written: {why}.",
            fix="Give --out a new file, or delete the old plan first."
            if path.parent.is_dir()
            else "Create the folder, or give --out another one.",
        )


def write_plan(context: PlanContext, path: Path) -> None:
    """Write the plan as JSON lines: a header, then one line per decided user, before -> after included.

    Raises:
        ConfigError: the file already exists or cannot be created.
    """
    try:
        # 0600 and never over another file: it holds personal data, and an older plan may still be needed.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise ConfigError(
            f"The plan {path} cannot be written: {error.strerror}.", fix="Give --out a new file."
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_sealed(asdict(_header(context))))
        for user in decided_users(context.checkpoint):
            held = (user.user_id, user.decision, user.target_hash, user.found_fingerprint, user.changes, user.reason)
            file.write(_sealed(dict(zip(_LINE, held, strict=True))))


def _sealed(values: dict[str, Json]) -> str:
    return json.dumps({**values, SEAL: _seal(values)}) + "\n"


def _seal(values: dict[str, Json]) -> str:
    return text_hash(canonical_json(values))[:SEAL_LENGTH]


def apply_plan(context: PlanContext, path: Path) -> None:
    """Keep today's decisions only where the plan made the very same ones for the very same users.

    Raises:
        ConfigError: the file is not a plan, was edited, or belongs to another migration, mapping or policy.
    """
    forget_predictions(context.checkpoint)
    planned = _read(context, path)
    while some := list(islice(planned, _AT_ONCE)):
        bind_to_plan(context.checkpoint, some)
    skip_unplanned(context.checkpoint)


def check_plan(context: PlanContext, path: Path) -> None:
    """Read the whole file once, before anything else happens. Raises as `apply` does."""
    for _ in _read(context, path):
        pass


def _read(context: PlanContext, path: Path) -> Iterator[StoredUser]:
    try:
        with path.open(encoding="utf-8") as file:
            sealed = _check_header(context, path, file.readline())
            for number, line in enumerate(file, start=2):
                yield _planned_user(path, number, line, sealed=sealed)
    except OSError as error:
        raise ConfigError(
            f"The plan {path} cannot be read: {error.strerror}.", fix="Give --plan a file that `plan --out` wrote."
        ) from None
    except UnicodeDecodeError:
        raise _broken(path, 1) from None


def _check_header(context: PlanContext, path: Path, line: str) -> bool:
    """Whether the lines of this plan are sealed."""
    found = _values(path, 1, line)
    if found.get("kind") != "plan":
        raise _broken(path, 1)
    version = found.get("version")
    if version not in (UNSEALED_VERSION, PLAN_VERSION):
        raise ConfigError(
            f"The plan {path} was made by another version of the migrator.",
            fix="Make a new one with `migrator plan --out`, or use that version.",
        )
    if version == PLAN_VERSION:
        _break_seal(path, 1, found)
    for name, value in asdict(_header(context)).items():
        if name != "version" and found.get(name) != value:
            raise ConfigError(
                f"The plan {path} was made for another {name} than the one in the configuration.",
                fix="Make a new one with `migrator plan --out`.",
            )
    return bool(version == PLAN_VERSION)


def _planned_user(path: Path, number: int, line: str, *, sealed: bool) -> StoredUser:
    """The user as it was stored when the plan was made, as far as that binds."""
    values = _values(path, number, line)
    if sealed:
        _break_seal(path, number, values)
    if not set(_BINDING) <= values.keys() <= set(_LINE) or values["decision"] not in list(Decision):
        raise _broken(path, number)
    user_id, decision, target_hash, seen = (values[name] for name in _BINDING)
    return StoredUser(user_id, State.PENDING, target_hash, decision=Decision(decision), found_fingerprint=seen)


def _values(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        raise _broken(path, number) from None
    if not isinstance(values, dict):
        raise _broken(path, number)
    return values


def _break_seal(path: Path, number: int, values: dict[str, Any]) -> None:
    """Remove the seal from a line, which must be as it was written."""
    if values.pop(SEAL, None) != _seal(values):
        raise ConfigError(
            f"Line {number} of {path} was edited: plans must not be edited by hand.",
            fix="Make a new one: `migrator plan --out FILE`.",
        )


def _broken(path: Path, number: int) -> ConfigError:
    return ConfigError(
        f"{path}, line {number}: not a line of a plan.", fix="Make a new one with `migrator plan --out`."
    )
