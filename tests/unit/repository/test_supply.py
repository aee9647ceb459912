"""What is installed is pinned with hashes, in step in all files."""

from __future__ import annotations

import re
import tomllib

import pytest
from licenses import ROOT, pinned
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(name: str) -> dict[str, list[str]]:
    """Each pin of a hashed file, with its marker, and its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace(" \\\n", "\n")
    pins = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    return {pin.splitlines()[0]: [line.strip() for line in pin.splitlines()[1:]] for pin in pins}


def test_hashes_and_lock_pin_the_same_versions_for_the_same_machines() -> None:
    """`requirements.hashes` is `requirements.lock` with hashes: what CI installs is what users are told to install."""
    assert list(entries("requirements.hashes")) == (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", ["requirements.hashes", "tests/supply.hashes"])
def test_every_pin_has_a_hash(name: str) -> None:
    """No file is installed whose bytes nobody has named."""
    found = entries(name)

    assert found
    assert [pin for pin, hashes in found.items() if not hashes] == []
    assert {one for hashes in found.values() for one in hashes if not HASH.fullmatch(one)} == set()


def test_what_pyproject_asks_for_is_pinned_within_its_range() -> None:
    """A range that changed without `make lock` does not go unnoticed."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = document["project"]["optional-dependencies"].values()
    asked = [*document["project"]["dependencies"], *(one for extra in extras for one in extra)]
    places = {"requirements.lock": asked, "tests/supply.hashes": document["dependency-groups"]["supply"]}
    own = document["project"]["name"]

    wrong = []
    for place, ranges in places.items():
        for one in map(Requirement, ranges):
            versions = [version for name, version in pinned(place) if name == canonicalize_name(one.name)]
            if one.name != own and not (versions and all(one.specifier.contains(version) for version in versions)):
                wrong.append(f"{place}: {one} is pinned to {versions}")
    assert wrong == []
