"""Secrets from files: `file:/run/secrets/name` as the whole value of a secret key (docs/decisions/0035)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel, SecretStr

from migrator.config.yaml_file import FILE, ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from migrator.config.yaml_file import Document, KeyPath

MOST_BYTES: Final = 64 * 1024
UNREAD: Final = "${unread}"  # what stands for a secret whose file is not needed; it passes as any secret


def read_secret_files(document: Document, model: type[BaseModel], folder: Path, unasked: Collection[KeyPath]) -> None:
    """Put what the files hold in the place of their names; what is wrong with one is added to the document's problems.

    Args:
        document: is changed.
        model: its keys of the type SecretStr are secrets, sections in sections included.
        folder: where relative paths start.
        unasked: secrets that will not be needed, so that their files may be missing.
    """
    for key in secret_keys(model):
        if key not in document.file_names:
            continue
        *above, name = key
        section: Any = document.data
        for step in above:
            section = section[step]
        if section[name] is None:  # a variable is missing, which is told already
            continue
        path = folder / section[name].removeprefix(FILE)
        section[name] = UNREAD
        if key in unasked:
            continue
        try:
            section[name] = _read(path)
        except ValueError as error:
            document.problems.append(ConfigProblem(document.lines[key], key, f"the file {_shown(path)} {error}"))
        else:
            document.origins[key] = f"comes from the file {_shown(path)}"


def secret_keys(model: type[BaseModel], above: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key that holds a secret, as steps from the top."""
    for name, field in model.model_fields.items():
        for part in _parts(field.annotation):
            if part is SecretStr:
                yield (*above, name)
            elif isinstance(part, type) and issubclass(part, BaseModel):
                yield from secret_keys(part, (*above, name))


def _parts(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 -- any annotation
    """A type, or those that a union or `Annotated` is made of."""
    yield annotation
    for one in get_args(annotation):
        yield from _parts(one)


def _shown(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() else ascii(text)


def _read(path: Path) -> str:
    """The one line that a file holds.

    Raises:
        ValueError: what is wrong with the file; never with what it holds.
    """
    try:
        # Without waiting for a writer, should it be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            raw = file.read(MOST_BYTES + 1) if stat.S_ISREG(mode) else b""
    except FileNotFoundError:
        raise ValueError("does not exist") from None
    except IsADirectoryError:
        raise ValueError("is a directory") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise ValueError(f"cannot be read ({getattr(error, 'strerror', None) or 'no such path'})") from None
    if not stat.S_ISREG(mode):
        raise ValueError("is not a regular file")
    if len(raw) > MOST_BYTES:
        raise ValueError("is larger than 64 KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ValueError("is empty")
    if "\n" in text or "\r" in text:
        raise ValueError("holds several lines; it must hold the secret alone, on one line")
    return text
