"""Secrets in files, as containers get them (docs/decisions/0035)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.sandbox.docebo.credentials import CLIENT_SECRET, PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from world import Place


def mount(place: Place) -> Path:
    """Every secret of the configuration in a file that anybody may read, with a newline at its end."""
    folder = place.folder / "secrets"
    folder.mkdir()
    for name, secret in {
        "client": CLIENT_SECRET,
        "password": PASSWORD,
        "key": place.config.descope.management_key.get_secret_value(),
        "url": place.checkpoint,
    }.items():
        (folder / name).write_text(f"{secret}\n", encoding="utf-8")
        (folder / name).chmod(0o644)
    place.configure(
        docebo={"client_secret": "file:secrets/client", "password": f"file:{folder}/password"},
        descope={"management_key": "file:secrets/key"},
    )
    place.checkpoint = "file:secrets/url"
    place.configure()
    return folder


def test_x3_a_migration_runs_with_its_secrets_from_files_and_shows_none(place: Place) -> None:
    """The run and the log at its most detailed; where a secret stands in an ordinary text, it is starred out."""
    place.sandbox.control.reset(users=8, difficult=0)
    mount(place)
    place.configure(docebo={"platform": CLIENT_SECRET})

    ended = place.command("run", "--yes", "-vv", "--log-file", "run.log")

    log = (place.folder / "run.log").read_text(encoding="utf-8")
    assert ended.code == 0
    assert len(place.targets()) == 8
    assert '"docebo": "***"' in log
    for secret in (CLIENT_SECRET, PASSWORD, "K2sandbox"):
        assert secret not in log


@pytest.mark.parametrize("command", ["status", "report", "runs"])
def test_x3_what_needs_no_credentials_needs_no_files_of_them(place: Place, command: str) -> None:
    """Only the checkpoint's address is read."""
    place.sandbox.control.reset(users=3, difficult=0)
    folder = mount(place)
    assert place.forked("run", "--yes", "-q").code == 0
    for name in ("client", "password", "key"):
        (folder / name).unlink()

    assert place.forked(command).code == 0


def test_x3_a_file_that_is_not_there_is_named_and_nothing_is_sent(place: Place) -> None:
    """Exit 2, with the configuration's line, the key and the path."""
    folder = mount(place)
    (folder / "key").unlink()
    since = len(place.sandbox.control.journal())

    ended = place.forked("run", "--yes")

    assert ended.code == 2
    told = " ".join(ended.err.split())
    assert f"descope.management_key: the file {folder / 'key'} does not exist" in told
    assert "config.yaml line" in told
    assert len(place.sandbox.control.journal()) == since
