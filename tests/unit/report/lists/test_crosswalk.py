"""crosswalk.csv: right at every moment, each user once."""

from __future__ import annotations

import csv
import stat
from typing import TYPE_CHECKING

import pytest
from stored import holding, move, people

from migrator.core.errors import StopRun
from migrator.core.fields import SentFields
from migrator.core.model import State
from migrator.core.outcomes import UserCreated, UserRefused, UserUnknown, UserUpdated
from migrator.report.lists.crosswalk import CROSSWALK_NAME, Crosswalk

if TYPE_CHECKING:
    from pathlib import Path


def lines(folder: Path) -> list[tuple[str, ...]]:
    """The file's rows without their head."""
    with (folder / CROSSWALK_NAME).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["docebo_user_id", "descope_user_id", "state"]
    return [tuple(row) for row in rows]


def test_it_starts_from_the_checkpoint_and_grows_with_every_batch(tmp_path: Path) -> None:
    """Users of earlier runs are there at once, users of a batch as soon as it is added, nobody twice."""
    with holding(tmp_path, people(5)) as checkpoint:
        move(checkpoint, ["1"], state=State.CREATED, target_id="U1", sent_hash="x")
        move(checkpoint, ["2"], target_id="U2", sent_hash="x")  # changed in Docebo since, to be sent again
        crosswalk = Crosswalk(tmp_path, checkpoint)
        assert lines(tmp_path) == [("1", "U1", "created"), ("2", "U2", "pending")]

        crosswalk.add([UserCreated("3", "U3", SentFields({})), UserRefused("4", "E1")])
        crosswalk.add([UserUpdated("2", "U2", SentFields({})), UserUnknown("5")])

        assert lines(tmp_path) == [("1", "U1", "created"), ("2", "U2", "pending"), ("3", "U3", "created")]


def test_a_killed_run_s_lines_are_written_anew(tmp_path: Path) -> None:
    """What was stored but not written, or written by halves, is right again at the next start."""
    with holding(tmp_path, people(3)) as checkpoint:
        move(checkpoint, ["1", "2"], state=State.CREATED, target_id="U", sent_hash="x")
        (tmp_path / CROSSWALK_NAME).write_text("docebo_user_id,descope_user_id,state\n1,U,cre", encoding="utf-8")

        Crosswalk(tmp_path, checkpoint)

    assert lines(tmp_path) == [("1", "U", "created"), ("2", "U", "created")]


def test_users_deleted_in_descope_are_not_listed(tmp_path: Path) -> None:
    """A line means that the user is there; one gone from Docebo still is."""
    with holding(tmp_path, people(2)) as checkpoint:
        both = {"target_id": "U", "sent_hash": "x"}
        move(checkpoint, ["1"], state=State.CONFLICT, reason="deleted_at_descope", **both)
        move(checkpoint, ["2"], state=State.VANISHED, reason="not_in_docebo", **both)

        Crosswalk(tmp_path, checkpoint)

    assert lines(tmp_path) == [("2", "U", "vanished")]


def test_x5_only_its_owner_reads_it_and_a_link_is_not_followed(tmp_path: Path) -> None:
    """Mode 0600, also when somebody took the file away; a symbolic link in its place stops the run."""
    with holding(tmp_path, people(1)) as checkpoint:
        crosswalk = Crosswalk(tmp_path, checkpoint)
        assert stat.S_IMODE((tmp_path / CROSSWALK_NAME).stat().st_mode) == 0o600
        arrived = [UserCreated("1", "U1", SentFields({}))]

        (tmp_path / CROSSWALK_NAME).unlink()
        crosswalk.add(arrived)
        assert stat.S_IMODE((tmp_path / CROSSWALK_NAME).stat().st_mode) == 0o600
        assert lines(tmp_path) == [("1", "U1", "created")]

        (tmp_path / CROSSWALK_NAME).unlink()
        (tmp_path / CROSSWALK_NAME).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StopRun, match="could not be written"):
            crosswalk.add(arrived)
    assert not (tmp_path / "elsewhere").exists()
