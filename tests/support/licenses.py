"""The licenses of all that requirements.lock pins, from the metadata of what is installed: docs/licenses.md."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata, requires
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, cast

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
# What a user can ask for; the other extras of pyproject.toml are for work on the program itself.
EXTRAS = ("postgres", "sandbox", "serve")
_SYSTEMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))
_ENVIRONMENTS = [
    {
        **cast("dict[str, str]", default_environment()),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": name,
        "platform_system": system,
        "os_name": kind,
    }
    for python, (name, system, kind) in product(("3.11", "3.12", "3.13", "3.14"), _SYSTEMS)
]
# Where the metadata has no SPDX identifier. "BSD" stays, because a classifier does not say which of them it is.
_SPDX = {
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GPL-3.0": "GPL-3.0-only",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Read off their own license files: most machines do not install the first two, and the metadata of the others does not
# tell what applies to which of their files.
_STATED = {
    "pyyaml-ft": "MIT",
    "tzdata": "Apache-2.0",
    "docutils": "public domain AND 0BSD AND BSD-2-Clause AND GPL-3.0-or-later",
    "libcst": "MIT AND PSF-2.0 AND Apache-2.0",
}
_PAGE = """\
# Licenses

Every package that `requirements.lock` pins, with the license that its metadata states. `make licenses` writes this
page, and a test compares it. The names are those of [SPDX](https://spdx.org/licenses/), except BSD, where a package
does not say which of them it means. The program itself is under [Apache-2.0](../LICENSE).

The first two parts may hold only licenses that ask for nothing but a notice, and two more, whose packages are installed
beside the program and never changed: MPL-2.0 for certifi and LGPL-3.0 for psycopg. A test names them. Whoever hands out
an image hands out these packages, with their own license files in it.

## What the program needs

| package | license |
|---|---|
{program}

## What an extra adds

| package | license | extra |
|---|---|---|
{extras}

## Tools

For tests, types, this site and releases. No wheel and no image contains or installs them.

| package | license |
|---|---|
{tools}
"""


def pinned(name: str = "requirements.lock") -> list[tuple[str, str]]:
    """Name and version of each pin of a file, in order; several of a package whose version depends on the Python."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9-]+)==([^ \n]+)", text, re.MULTILINE)


def needed(extra: str = "") -> set[str]:
    """What the program needs on any system and Python, with all that comes along; with `extra`, what that one needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    todo = [Requirement(one) for one in (project["optional-dependencies"][extra] if extra else project["dependencies"])]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        one = todo.pop()
        asked = canonicalize_name(one.name), frozenset(one.extras)
        if asked not in seen:
            seen.add(asked)
            todo += _requirements(*asked)
    return {name for name, _ in seen}


def _requirements(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    try:
        stated = requires(name) or []
    except PackageNotFoundError:  # not for this machine
        return
    for one in map(Requirement, stated):
        asked = product(_ENVIRONMENTS, ("", *extras))
        if one.marker is None or any(one.marker.evaluate({**where, "extra": extra}) for where, extra in asked):
            yield one


def license_of(name: str) -> str:
    """The license as an SPDX expression, as far as the metadata allows; PackageNotFoundError: it is not installed."""
    if name in _STATED:
        return _STATED[name]
    stated = metadata(name).json
    classifiers = [one for one in stated.get("classifier", ()) if one.startswith("License ::")]
    named = [one.rpartition(" :: ")[2] for one in classifiers]
    for text in filter(None, (stated.get("license_expression"), stated.get("license"), *named)):
        known = _SPDX.get(str(text), str(text))
        if known == "BSD":
            return known
        with suppress(InvalidLicenseExpression):
            return canonicalize_license_expression(known)
    message = f"{name} states no license that tests/support/licenses.py understands: {named}"
    raise ValueError(message)


def page() -> str:
    """docs/licenses.md."""
    program = needed()
    asked = {extra: needed(extra) - program for extra in EXTRAS}
    rows: dict[str, list[str]] = {"program": [], "extras": [], "tools": []}
    for name in dict(pinned()):
        extras = [extra for extra in EXTRAS if name in asked[extra]]
        part = "program" if name in program else "extras" if extras else "tools"
        rows[part].append("| " + " | ".join([name, license_of(name), *([", ".join(extras)] if extras else [])]) + " |")
    return _PAGE.format(**{part: "\n".join(lines) for part, lines in rows.items()})


if __name__ == "__main__":
    print(page(), end="")
