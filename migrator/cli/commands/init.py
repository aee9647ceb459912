"""`migrator init`: a configuration to fill in."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Literal

import click
from typing_extensions import TypedDict

from migrator.cli.command import Common, with_common_options
from migrator.cli.wrap import fitted
from migrator.core.errors import ConfigError
from migrator.core.packaging import packaged

EXAMPLE = "config.example.yaml"
_VARIABLE = re.compile(r"^[^#\n]*\$\{(\w+)\}", re.MULTILINE)
_LATER = "MIGRATOR_SERVE_TOKEN"  # of these, the one that `migrator serve` alone asks for


class InitDocument(TypedDict):
    """The configuration that was written, and the variables it reads. `migrator init` prints it."""

    schema: Literal["init/1"]
    file: str
    variables: list[str]


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@with_common_options
def init_command(common: Common, file: Path | None) -> int:
    """Write an example configuration to FILE, with a comment on every key.

    Without FILE it goes where --config says. A file that exists already is left alone.

    \b
    Example:
      migrator init
      migrator init acme.yaml

    \b
    Exit codes: 0 written, 2 the file exists already, or cannot be written.
    """  # noqa: D301 -- Click's \b
    path = file or common.config_path
    text = packaged(EXAMPLE).read_text(encoding="utf-8")
    _write_new(path, text)
    variables = [name for name in _VARIABLE.findall(text) if name != _LATER]
    if common.as_json:
        document: InitDocument = {"schema": "init/1", "file": str(path.absolute()), "variables": variables}
        common.print_json(document)
    elif common.verbosity >= 0:
        click.echo("\n".join(_next_steps(path, variables)))
    return 0


def _write_new(path: Path, text: str) -> None:
    """Make the file, for its owner alone, as secrets may be written into it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"{path} exists already and was left as it is.", fix="Edit that one, or name another: migrator init FILE"
        ) from None
    except OSError as error:
        raise _unwritten(path, error) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        path.unlink()
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} cannot be written: {error.strerror}.", fix="Name a file in a folder of your own: migrator init FILE"
    )


def _next_steps(path: Path, variables: list[str]) -> list[str]:
    return [
        f"Wrote {path}. Next:",
        fitted(f"Open {path} and set docebo.base_url, client_id and username; the comments explain the rest.", "  1. "),
        fitted(f"Set these {len(variables)} variables, so that no secret is in the file:", "  2. "),
        *(f"       export {name}=..." for name in variables),
        f"  3. Run: migrator check{'' if path == Path('config.yaml') else f' --config {shlex.quote(str(path))}'}",
    ]
