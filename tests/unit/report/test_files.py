"""Report files: whole or not at all, for their owner alone (docs/reliability.md C5)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from migrator.core.errors import ConfigError, StopRun
from migrator.report.atomic_file import disk_errors_explained, write_atomically
from migrator.report.files import SUMMARY_NAME, existing_reports, prepare_folder, report_paths


def test_a_file_is_replaced_only_when_all_of_it_is_there(tmp_path: Path) -> None:
    """Until the end readers see the old one; afterwards nothing is left beside it, and its mode is 0600."""
    path = tmp_path / "report.txt"
    path.write_text("old", encoding="utf-8")
    before = os.umask(0)
    try:
        with write_atomically(path) as file:
            file.write("new")
            file.flush()
            assert path.read_text(encoding="utf-8") == "old"
    finally:
        os.umask(before)

    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with write_atomically(path) as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        fail()

    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    """It may hold personal data; files of other reports stay."""
    (tmp_path / ".report.txt.abc.part").write_text("half", encoding="utf-8")
    (tmp_path / ".other.txt.abc.part").write_text("theirs", encoding="utf-8")

    with write_atomically(tmp_path / "report.txt") as file:
        file.write("new")

    assert {path.name for path in tmp_path.iterdir()} == {"report.txt", ".other.txt.abc.part"}


def test_s1_a_refusing_disk_is_named_with_its_folder(tmp_path: Path) -> None:
    """Exit 4 and the place; /dev/full stands for a disk without room."""
    with pytest.raises(StopRun, match=str(tmp_path)) as stopped, disk_errors_explained(tmp_path):
        Path("/dev/full").write_text("x", encoding="utf-8")

    assert "No space left" in stopped.value.message
    assert "run again" in stopped.value.fix


def test_the_report_folder_is_made_private_and_a_file_in_its_place_refused(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    prepare_folder(tmp_path / "a" / "b")

    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be created"):
        prepare_folder(tmp_path / "file")


def test_only_files_that_are_there_are_listed(tmp_path: Path) -> None:
    assert existing_reports(tmp_path) == []
    (tmp_path / SUMMARY_NAME).write_text("{}", encoding="utf-8")
    assert existing_reports(tmp_path) == [str(tmp_path / SUMMARY_NAME)]
    assert set(existing_reports(tmp_path)) < set(report_paths(tmp_path))
