"""Where log lines go, and what a line looks like."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from structlog.typing import EventDict

Style: TypeAlias = Literal["console", "json"]

_OWN_KEYS = ("timestamp", "level", "component", "event")


class Sink(Protocol):
    """One place that lines go to."""

    level: int

    def write(self, event: EventDict) -> None:
        """Write one event as one line."""

    def close(self) -> None:
        """Give back what this opened itself."""


class StreamSink:
    """A terminal or a pipe that somebody else opened; None is what standard error is at that moment.

    While a live region is on the terminal that is the region, which prints lines above itself.
    """

    def __init__(self, stream: TextIO | None, level: int, style: Style) -> None:
        self.level = level
        self._given = stream
        self._render = _json_line if style == "json" else _console_line

    def write(self, event: EventDict) -> None:
        """Write one event as one line."""
        stream = self._given or sys.stderr
        encoding = getattr(stream, "encoding", None) or "utf-8"
        line = self._render(event).encode(encoding, "backslashreplace").decode(encoding)
        stream.write(line + "\n")
        stream.flush()

    def close(self) -> None:
        """The stream is not ours."""


class FileSink:
    """A log file for its owner alone, in JSON lines.

    The first line behind some that could not be written (full disk) says how many: `lost_before`.

    Raises:
        ConfigError: it cannot be opened, or is a link or no ordinary file.
    """

    def __init__(self, path: Path, level: int) -> None:
        self.level = level
        self.path = path
        self._descriptor = _open_private(path)
        self._lost = 0
        self._mid_line = False

    def write(self, event: EventDict) -> None:
        """Write one event as one line.

        Raises:
            OSError: the line is not there, or only a part of it.
        """
        line = _json_line({**event, "lost_before": self._lost} if self._lost else event)
        rest = (("\n" if self._mid_line else "") + line + "\n").encode("ascii")
        try:
            while rest:
                written = rest[: os.write(self._descriptor, rest)]
                rest = rest[len(written) :]
                self._mid_line = not written.endswith(b"\n")
        except OSError:
            self._lost += 1
            raise
        self._lost = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _open_private(path: Path) -> int:
    """Open for appending, without following a link and without waiting for a pipe's reader."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fix = "Name an ordinary file in a folder of your own with --log-file."
    if path.is_symlink():
        raise ConfigError(f"The log file {path} is a symbolic link; it could lead anywhere.", fix=fix)
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise ConfigError(f"The log file {path} cannot be opened: {error.strerror}.", fix=fix) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigError(f"The log file {path} is not an ordinary file.", fix=fix)
    try:
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        os.close(descriptor)
        raise ConfigError(f"The log file {path} cannot be made private: {error.strerror}.", fix=fix) from None
    return descriptor


class Output:
    """structlog's factory and logger in one: passes each event to the sinks that want its level.

    `incomplete` says that the log file has holes, and that this was told.
    """

    def __init__(self, sinks: list[Sink], *, incomplete: bool = False) -> None:
        self._sinks = sinks
        self.incomplete = incomplete
        self._lock = threading.Lock()

    def __call__(self, *_args: object) -> Output:
        """The logger of every name is the same one."""
        return self

    def _emit(self, /, **event: Any) -> None:  # noqa: ANN401 -- any JSON value
        number = logging.getLevelNamesMapping()[event["level"].upper()]
        with self._lock:
            for sink in self._sinks:
                if number >= sink.level:
                    self._write(sink, event)

    debug = info = warning = error = critical = exception = msg = _emit

    def close(self) -> None:
        """Give back the log file."""
        with self._lock:
            for sink in self._sinks:
                sink.close()
            self._sinks = []

    def _write(self, sink: Sink, event: EventDict) -> None:
        """A log that cannot be written (closed terminal, full disk) must not end a migration."""
        try:
            sink.write(event)
        except (OSError, ValueError) as error:
            if isinstance(sink, FileSink) and not self.incomplete:
                self.incomplete = True
                self._tell_incomplete(sink, event, error)

    def _tell_incomplete(self, file: FileSink, event: EventDict, error: Exception) -> None:
        """Say once, where it can be seen, that the log file has holes."""
        told = {
            "timestamp": event["timestamp"],
            "level": "warning",
            "component": __name__,
            "event": "log_file_incomplete",
            "file": str(file.path),
            "reason": getattr(error, "strerror", None) or type(error).__name__,
        }
        for sink in self._sinks:
            if sink is not file and sink.level <= logging.WARNING:
                self._write(sink, told)


def _json_line(event: EventDict) -> str:
    ordered = {key: event[key] for key in _OWN_KEYS if key in event} | dict(event)
    return json.dumps(ordered, allow_nan=False)


def _console_line(event: EventDict) -> str:
    pairs = [f"{key}={_console_value(value)}" for key, value in event.items() if key not in _OWN_KEYS]
    head = f"{event['timestamp']} {event['level']:<8} {event['event']}"
    return " ".join([head, *pairs])


def _console_value(value: object) -> str:
    plain = isinstance(value, str) and value != "" and not set(value) & set(' "=')
    return str(value) if plain else json.dumps(value, ensure_ascii=False)
