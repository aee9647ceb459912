"""Logging: levels, one line an event, and a private file."""

from __future__ import annotations

import io
import os
import re
import resource
import stat
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_events import events, set_up

from migrator.core.errors import ConfigError, StopRun
from migrator.log.setup import configure, get_logger

LEVELS = ("debug", "info", "warning", "error", "critical")


@pytest.mark.parametrize(
    ("verbosity", "shown", "kept"),
    [
        (-2, LEVELS[3:], LEVELS[1:]),
        (-1, LEVELS[3:], LEVELS[1:]),
        (0, LEVELS[2:], LEVELS[1:]),
        (1, LEVELS[1:], LEVELS),
        (2, LEVELS, LEVELS),
        (3, LEVELS, LEVELS),
    ],
)
def test_verbosity_chooses_what_is_shown_and_the_file_gets_info_or_finer(
    tmp_path: Path, verbosity: int, shown: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    stream = set_up(file=tmp_path / "run.log", verbosity=verbosity)

    for level in LEVELS:
        getattr(get_logger("here"), level)("happened")

    assert tuple(event["level"] for event in events(stream.getvalue())) == shown
    assert tuple(event["level"] for event in events((tmp_path / "run.log").read_text())) == kept


def test_a_json_event_has_time_level_component_event_and_its_values() -> None:
    stream = set_up()

    get_logger("migrator.engine").info("sweep_done", pages=3, ratio=0.5, complete=True, cut=None, ids=["1", "2"])

    (event,) = events(stream.getvalue())
    assert list(event)[:4] == ["timestamp", "level", "component", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event.pop("timestamp"))
    assert event == {
        "level": "info", "component": "migrator.engine", "event": "sweep_done",
        "pages": 3, "ratio": 0.5, "complete": True, "cut": None, "ids": ["1", "2"],
    }  # fmt: skip


def test_a_console_event_is_one_readable_line() -> None:
    stream = set_up("console")

    get_logger("x").warning("throttled", seconds=60, path="/v1/user", why="too many", empty="", odd='a="b"', many=[1])

    time, _, rest = stream.getvalue().partition(" ")
    assert time.endswith("Z")
    assert rest == ('warning  throttled seconds=60 path=/v1/user why="too many" empty="" odd="a=\\"b\\"" many=[1]\n')


def test_a_logger_made_before_the_set_up_follows_it() -> None:
    log = get_logger("early")
    stream = set_up()

    log.info("hello")

    assert len(events(stream.getvalue())) == 1


def test_the_default_stream_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure(style="json", file=None, verbosity=0, secrets=())

    get_logger("x").warning("hello")

    out, err = capsys.readouterr()
    assert out == ""
    assert events(err)[0]["event"] == "hello"


# --- Terminals ---


@given(st.text(), st.text(), st.sampled_from(["console", "json"]))
def test_one_event_is_one_printable_line(message: str, value: str, style: Literal["console", "json"]) -> None:
    stream = set_up(style)

    get_logger("x").error(message, value=value, nested={value: [value]}, error=StopRun(value))

    text = stream.getvalue()
    assert text.endswith("\n")
    assert text[:-1].isprintable()


def test_a_stream_that_knows_ascii_only_still_gets_the_line() -> None:
    raw = io.BytesIO()
    configure(style="console", file=None, verbosity=0, secrets=(), stream=io.TextIOWrapper(raw, encoding="ascii"))

    get_logger("x").error("Zoë")

    assert raw.getvalue().decode("ascii").endswith("Zo\\xeb\n")


def test_a_closed_or_full_stream_does_not_end_the_run() -> None:
    stream = set_up()
    stream.close()
    get_logger("x").error("happened")

    with Path("/dev/full").open("w", encoding="ascii") as full:
        configure(style="json", file=None, verbosity=0, secrets=(), stream=full)
        get_logger("x").error("happened")
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # what stays in the buffer must go somewhere


def test_lines_that_a_full_disk_swallowed_are_counted_in_the_next_one_and_told_once(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    stream = set_up(file=path, verbosity=0)
    get_logger("x").info("first")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, most))
    try:
        get_logger("x").info("lost")
        get_logger("x").info("lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    get_logger("x").info("second")
    get_logger("x").info("third")

    first, piece, second, third = path.read_text(encoding="utf-8").splitlines()
    assert len(piece) == 10
    assert [(line["event"], line.get("lost_before")) for line in events(f"{first}\n{second}\n{third}")] == [
        ("first", None), ("second", 2), ("third", None),
    ]  # fmt: skip
    (told,) = events(stream.getvalue())
    assert (told["event"], told["level"], told["file"]) == ("log_file_incomplete", "warning", str(path))


# --- The file ---


def test_the_log_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = tmp_path / "old.log"
    old.write_text('{"event": "before"}\n')
    old.chmod(0o644)
    umask = os.umask(0)
    try:
        set_up(file=tmp_path / "new.log")
        set_up(file=old)
    finally:
        os.umask(umask)
    get_logger("x").info("after")

    assert stat.S_IMODE((tmp_path / "new.log").stat().st_mode) == 0o600
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert [event["event"] for event in events(old.read_text())] == ["before", "after"]


def test_a_log_file_that_is_a_link_a_pipe_a_folder_or_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")

    for name in ("link", "dangling", "pipe", ".", "no/such/folder.log"):
        with pytest.raises(ConfigError) as caught:
            set_up(file=tmp_path / name)
        assert caught.value.fix
    assert (tmp_path / "target").read_text() == "mine"
    assert not (tmp_path / "nothing").exists()


def test_a_pipe_with_a_reader_is_refused_as_well(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ConfigError, match="not an ordinary file"):
            set_up(file=tmp_path / "pipe")
    finally:
        os.close(reader)


def test_a_refused_log_file_leaves_the_earlier_set_up_alone(tmp_path: Path) -> None:
    stream = set_up(file=tmp_path / "run.log")
    with pytest.raises(ConfigError):
        set_up(file=tmp_path)

    get_logger("x").info("still here")

    assert len(events(stream.getvalue())) == len(events((tmp_path / "run.log").read_text())) == 1


def test_standard_error_is_looked_up_when_logging_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command line under test brings its own standard error."""
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stderr", mine)

    configure(style="json", file=None, verbosity=0, secrets=())
    get_logger("x").error("here")

    assert "here" in mine.getvalue()
