"""The first minutes: a configuration to fill in, and extras from where the program came."""

from __future__ import annotations

import json
import os
import shlex
import stat
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from config_files import ENV, EXAMPLE

from migrator.config.schema import load_config
from migrator.core.packaging import DISTRIBUTION, install_command

if TYPE_CHECKING:
    from world import Place


def test_nc20_init_writes_the_example_for_its_owner_and_says_what_comes_next(place: Place) -> None:
    """What `init` writes is the example of the repository, private, and named with the variables it wants."""
    place.config_path.unlink()
    umask = os.umask(0)
    try:
        ended = place.forked("init")
    finally:
        os.umask(umask)

    assert (ended.code, ended.err) == (0, "")
    assert place.config_path.read_bytes() == EXAMPLE.read_bytes()
    assert stat.S_IMODE(place.config_path.stat().st_mode) == 0o600
    assert load_config(place.config_path, ENV).docebo.client_id == "migrator"
    assert [line.split() for line in ended.out.splitlines() if "export" in line] == [
        ["export", f"{name}=..."] for name in ENV
    ]
    assert "migrator check\n" in ended.out


def test_nc20_init_takes_a_file_name_or_that_of_config(place: Place) -> None:
    """FILE, --config or MIGRATOR_CONFIG say where it goes, and the next step names that file."""
    by_name = place.forked("init", "my own.yaml")
    by_option = place.forked("init", "--config", "other.yaml", "--json")
    by_variable = place.command("init", "-q", env={**os.environ, "MIGRATOR_CONFIG": "third.yaml"})

    assert "migrator check --config 'my own.yaml'" in by_name.out
    assert by_option.document == {"schema": "init/1", "file": str(place.folder / "other.yaml"), "variables": [*ENV]}
    assert (by_variable.code, by_variable.out, by_variable.err) == (0, "", "")
    for name in ("my own.yaml", "other.yaml", "third.yaml"):
        assert (place.folder / name).read_bytes() == EXAMPLE.read_bytes()


def test_nc20_init_never_replaces_anything(place: Place) -> None:
    """A file, a folder or a link that leads nowhere is left alone: exit 2 with a way out."""
    before = place.config_path.read_bytes()
    (place.folder / "link.yaml").symlink_to("nothing.yaml")
    (place.folder / "folder").mkdir()

    for name in ("config.yaml", "link.yaml", "folder", "not/there.yaml"):
        ended = place.forked("init", name)
        assert ended.code == 2
        assert name in ended.err
        assert "Fix: " in ended.err
        assert ended.out == ""

    assert place.config_path.read_bytes() == before
    assert not (place.folder / "nothing.yaml").exists()


@pytest.mark.parametrize("path", ["config.yaml", "my own.yaml"])
def test_nc20_a_missing_configuration_is_written_by_the_command_in_the_fix(place: Place, path: str) -> None:
    """The fix of the error is a command that works as it stands."""
    place.config_path.unlink()

    missing = place.forked("check", "--config", path)
    (_, fix, *_) = missing.err.partition("Fix: ")[2].split("`")
    program, *words = shlex.split(fix)
    made = place.forked(*words)

    assert (missing.code, program, made.code) == (2, "migrator", 0)
    assert (place.folder / path).exists()


ORIGINS = {
    "a wheel": (
        {"url": "file:///home/ann/my%20wheels/migrator.whl", "archive_info": {}},
        "pip install '/home/ann/my wheels/migrator.whl[sandbox]'",
    ),
    "a checkout": (
        {"url": "file:///srv/checkout", "dir_info": {"editable": True}},
        "pip install -e '/srv/checkout[sandbox]'",
    ),
    "a folder": ({"url": "file:///srv/copy", "dir_info": {}}, "pip install '/srv/copy[sandbox]'"),
    "an address": (
        {"url": "https://example.org/migrator.whl", "archive_info": {}},
        f"pip install '{DISTRIBUTION}[sandbox] @ https://example.org/migrator.whl'",
    ),
    "a repository": (
        {
            "url": "https://example.org/migrator.git",
            "vcs_info": {"vcs": "git", "commit_id": "0123abc"},
            "subdirectory": "tool",
        },
        f"pip install '{DISTRIBUTION}[sandbox] @ git+https://example.org/migrator.git@0123abc#subdirectory=tool'",
    ),
    "an index": (None, f"pip install '{DISTRIBUTION}[sandbox]'"),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_nc20_an_extra_is_installed_from_where_the_program_came(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever installed a file is never sent to a package of the same name that may be somebody else's."""
    record, command = ORIGINS[name]
    folder = tmp_path / f"{DISTRIBUTION.replace('-', '_')}-9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 9\n", encoding="utf-8")
    if record is not None:
        (folder / "direct_url.json").write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert metadata.version(DISTRIBUTION) == "9"

    assert install_command("sandbox") == command


def test_nc20_no_other_place_names_an_install_command() -> None:
    """Every `pip install` that the program shows comes from one function."""
    package = Path(__file__).parents[2] / "migrator"

    naming = [path.name for path in package.rglob("*.py") if "pip install" in path.read_text(encoding="utf-8")]

    assert naming == ["packaging.py"]


def test_nc22_a_redacted_report_has_a_folder_of_its_own(place: Place) -> None:
    """`report --redact` leaves the full report as it is and names its own files with absolute paths."""
    place.sandbox.control.reset(users=40, difficult=0.3)
    place.forked("run", "--yes", "-q")
    full = {path: path.read_bytes() for path in (place.folder / "reports").iterdir()}

    redacted = place.forked("report", "--redact", "--json")

    assert redacted.code == 0
    assert {Path(path).parent for path in redacted.document["reports"]} == {place.folder / "reports" / "redacted"}
    assert all(Path(path).is_file() for path in redacted.document["reports"])
    assert {path: path.read_bytes() for path in full} == full
    emails = [user["email"] for user in place.sources() if user.get("email")]
    problems = (place.folder / "reports" / "redacted" / "problems.csv").read_text(encoding="utf-8")
    assert len(problems.splitlines()) > 1
    assert [email for email in emails if email in problems] == []


def test_nc22_the_paths_of_a_report_are_absolute_with_out_as_well(place: Place) -> None:
    """`--json` names files that can be opened from any folder; the full report is never redacted in its place."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.forked("run", "--yes", "-q")

    elsewhere = place.forked("report", "--out", "there", "--json")
    over = place.forked("report", "--redact", "--out", "reports")

    assert {Path(path).parent for path in elsewhere.document["reports"]} == {place.folder / "there"}
    assert over.code == 2
    assert "full report" in over.err
