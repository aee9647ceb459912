"""Errors named for what to do next; the command line maps each to one exit code (README.md, "Exit codes")."""

from __future__ import annotations

from enum import Enum


class Cause(Enum):
    """What stands between us and a server; the value finishes the sentence that the server's name begins."""

    NO_NAME = "the name does not resolve"
    REFUSED = "the connection was refused"
    NO_ROUTE = "there is no route to it from this network"
    TIMED_OUT = "the connection timed out"
    EXPIRED = "its certificate has expired"
    NOT_YET_VALID = "its certificate is not valid yet, or this machine's clock is wrong"
    OTHER_HOST = "its certificate is for another host"
    UNKNOWN_AUTHORITY = "its certificate is from an unknown authority"
    BAD_CERTIFICATE = "its certificate is not valid"
    NO_TLS = "no TLS connection could be agreed on"
    RESET = "the connection was reset"
    CLOSED = "the connection was closed too early"
    UNKNOWN = "the connection failed"


class MigratorError(Exception):
    """Root of every expected error.

    Args:
        message: what happened and where, without secrets or personal data.
        fix: what the reader should do next.
    """

    exit_code = 1
    kind = ""  # what else is to be said of it; "" for nothing

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class ConfigError(MigratorError):
    """Usage or configuration is wrong, refused credentials at the start included; nothing was changed."""

    exit_code = 2


class StopRun(MigratorError):
    """The run cannot go on, and running again is safe."""

    exit_code = 4


class Declined(StopRun):
    """A person was asked whether to send and said no; nothing was sent."""

    kind = "declined"


class UsersMissing(StopRun):
    """Too many of the users who arrived are not in Descope any more."""

    kind = "missing"


class LeaseHeld(MigratorError):
    """Another run is in progress: it holds the lease."""

    exit_code = 5


class LeaseLost(StopRun):
    """Another run took the lease over; this one must not write any more."""


class Interrupted(MigratorError):
    """The user asked to stop; `exit_code` is 128 + the signal's number."""

    exit_code = 130


class ApiError(Exception):
    """An API call failed; `MigratorError` is made from it where the meaning is known.

    The text names host, method, path and status only: whole addresses, bodies and header values may carry
    secrets or personal data.

    Args:
        what: the text.
        status: the answer's status; None without an answer.
        code: the answer's error code.
        cause: why there is no answer, where the connection says it.
        fix: what to do about that.
    """

    def __init__(
        self, what: str, *, status: int | None = None, code: str = "", cause: Cause | None = None, fix: str = ""
    ) -> None:
        super().__init__(what)
        self.status = status
        self.code = code
        self.cause = cause
        self.fix = fix


class NotSent(ApiError):
    """The request never reached the server (refused, name not found, TLS failed): nothing happened."""


class Untrusted(NotSent):
    """The server's certificate is not trusted; never repeated, nothing was sent to it."""


class NoAnswer(ApiError):
    """No usable answer came: what the server did is unknown."""


class Refused(ApiError):
    """The server answered that it did not do it (4xx); repeating the same request will not help."""


class Throttled(ApiError):
    """The server was too busy to look at the request (429); `retry_after` is in seconds or unknown."""

    def __init__(self, what: str, *, retry_after: float | None, code: str = "") -> None:
        super().__init__(what, status=429, code=code)
        self.retry_after = retry_after


class ServerFailed(NoAnswer):
    """The server answered 5xx: a read may be repeated, what a write did is unknown."""


class BadAnswer(NoAnswer):
    """A 2xx answer that is not what the contract says (HTML, cut, wrong shape, 3xx)."""


class Redirected(BadAnswer):
    """The server pointed elsewhere (3xx); never followed and never repeated."""
