"""Files that ship with the program, and where the program itself was installed from."""

from __future__ import annotations

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

DISTRIBUTION = "docebo-descope-migrator"


def packaged(name: str) -> Path:
    """A file or folder that is at the top of a checkout, and inside the package once installed.

    The wheel carries each one as `_NAME` (see pyproject.toml).
    """
    package = Path(__file__).resolve().parents[1]
    installed = package / f"_{name}"
    return installed if installed.exists() else package.parent / name


def install_command(extra: str) -> str:
    """The shell command that adds an extra to this program, from where this program was installed.

    A person who installed a file has no reason to trust what an index offers under the same name.
    """
    return f"pip install {_options()}{shlex.quote(_requirement(extra))}"


def _origin() -> dict[str, object]:
    """The installer's record of what it was given (PEP 610); {} if that was only a name."""
    try:
        record = distribution(DISTRIBUTION).read_text("direct_url.json")
        origin = json.loads(record or "{}")
    except (PackageNotFoundError, ValueError, OSError):
        return {}
    return origin if isinstance(origin, dict) else {}


def _options() -> str:
    folder = _origin().get("dir_info")
    return "-e " if isinstance(folder, dict) and folder.get("editable") else ""


def _requirement(extra: str) -> str:
    named = f"{DISTRIBUTION}[{extra}]"
    origin = _origin()
    url = str(origin.get("url") or "")
    parts = urlsplit(url)
    if parts.scheme == "file" and "vcs_info" not in origin:
        return f"{unquote(parts.path)}[{extra}]"
    if not url:
        return named
    version_control = origin.get("vcs_info")
    if isinstance(version_control, dict):
        url = f"{version_control.get('vcs')}+{url}@{version_control.get('commit_id')}"
    # The subdirectory is needed, or another project would be installed.
    below = f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    return f"{named} @ {url}{below}"
