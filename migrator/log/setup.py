"""Logging: one event, one line, no secret and nobody's personal data (docs/log.md)."""

from __future__ import annotations

import logging
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from migrator.core.errors import ApiError, MigratorError
from migrator.log.redact import Redactor, visible
from migrator.log.sinks import FileSink, Output, Sink, StreamSink, Style

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import TextIO

    from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

__all__ = ["configure", "get_logger", "redact", "visible"]

_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
_MAX_DEPTH = 4


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose events carry `name`; what `configure` sets later holds for it too."""
    logger: FilteringBoundLogger = structlog.get_logger(component=name)
    return logger


def redact(text: str) -> str:
    """The text without the secrets given to `configure`, for error messages and the like."""
    for processor in structlog.get_config()["processors"]:
        if isinstance(processor, _Cleaner):
            return processor.redactor(text)
    return text


def configure(
    *,
    style: Style,
    file: Path | None,
    verbosity: int,
    secrets: Iterable[str],
    stream: TextIO | None = None,
) -> None:
    """Set up logging for this process; calling it again replaces the earlier set-up.

    Args:
        style: how events look on `stream`; the file has JSON lines always.
        file: a log file, made for its owner alone (0600); it gets INFO and above, and DEBUG from verbosity 1.
        verbosity: -1 errors only, 0 warnings, 1 progress, 2 everything.
        secrets: texts that must never be shown.
        stream: where to write, standard error unless given.

    Raises:
        ConfigError: the log file cannot be opened, or is a link or no ordinary file.
    """
    level = _LEVELS[max(-1, min(2, verbosity))]
    sinks: list[Sink] = [StreamSink(stream, level, style)]
    if file is not None:
        sinks.append(FileSink(file, logging.DEBUG if verbosity > 0 else logging.INFO))
    before = structlog.get_config()["logger_factory"]
    output = Output(sinks, incomplete=isinstance(before, Output) and before.incomplete)
    if isinstance(before, Output):
        before.close()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _render_exception,
            _Cleaner(Redactor(secrets)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min(sink.level for sink in sinks)),
        logger_factory=output,
        cache_logger_on_first_use=False,
    )
    _adopt_libraries()


class _Libraries(logging.Handler):
    """Passes warnings of urllib3, SQLAlchemy, Alembic and others on, without their arguments.

    The arguments of urllib3's messages are addresses with personal data in the query, so only the
    constant part of a message is kept, and its level is never below WARNING.
    """

    def emit(self, record: logging.LogRecord) -> None:
        event = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        error = record.exc_info[1] if record.exc_info else None
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        get_logger(record.name).log(level, event, **({"exc_info": error} if error else {}))


def _adopt_libraries() -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Libraries)]:
        root.removeHandler(handler)
    root.addHandler(_Libraries(logging.WARNING))


def _render_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by one line: types, places, and the texts of our own errors alone.

    Other exceptions' texts may quote what they failed on; local variables are never shown.
    """
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event["exception"] = _describe(error)
    return event


def _describe(error: BaseException) -> str:
    texts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        own = isinstance(current, (MigratorError, ApiError))
        text = f"{type(current).__name__}: {current}" if own else type(current).__name__
        texts.append(text + _places(current.__traceback__))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "; caused by ".join(texts)


def _places(traceback: TracebackType | None) -> str:
    places: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return f" [{' > '.join(places)}]" if places else ""


class _Cleaner:
    """Makes every value plain JSON, without secrets and without characters that act on a terminal."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        ours = {"timestamp", "level"}
        return {key: value if key in ours else self._clean(value) for key, value in event.items()}

    def _clean(self, value: object, depth: int = 0) -> Any:  # noqa: ANN401, PLR0911 -- any JSON value; one return a type
        match value:
            case str():
                return visible(self.redactor(value))
            case None | bool():
                return value
            case int() | float():
                is_finite = not isinstance(value, float) or math.isfinite(value)
                text = str(value)
                return value if is_finite and self.redactor(text) == text else visible(self.redactor(text))
            case BaseException():
                return self._clean(_describe(value))
            case Path():
                return self._clean(str(value))
            case dict() if depth < _MAX_DEPTH:
                return {self._clean(str(key)): self._clean(item, depth + 1) for key, item in value.items()}
            case list() | tuple() | set() | frozenset() if depth < _MAX_DEPTH:
                return [self._clean(item, depth + 1) for item in value]
        # The text of an unknown object may show all that it holds.
        return f"<{type(value).__name__}>"
