"""Errors named for what to do next; the command line maps each one to one exit code (README.md, "Exit codes")."""

from __future__ import annotations

from enum import Enum
from typing import NotRequired

from typing_extensions import TypedDict


class Cause(Enum):
    """What prevents a connection to a server; the value completes a sentence that begins with the server's name."""

    NO_NAME = "the name does not resolve"
    REFUSED = "the connection was refused"
    NO_ROUTE = "there is no route to it from this network"
    TIMED_OUT = "the connection timed out"
    EXPIRED = "its certificate has expired"
    NOT_YET_VALID = "its certificate is not valid yet, or this machine's clock is wrong"
    OTHER_HOST = "its certificate is for another host"
    UNKNOWN_AUTHORITY = "its certificate is from an unknown authority"
    BAD_CERTIFICATE = "its certificate is not valid"
    NO_TLS = "no TLS connection could be negotiated"
    RESET = "the connection was reset"
    CLOSED = "the connection was closed too early"
    PROXY_ASKS = "the proxy asks for credentials"
    PROXY_FORBIDS = "the proxy does not let it through"
    PROXY_FAILS = "the proxy cannot reach it"
    NO_PROXY = "the proxy does not answer like one"
    UNKNOWN = "the connection failed"


class ErrorDocument(TypedDict):
    """A `MigratorError` in JSON; `kind` only where it has one."""

    message: str
    fix: str
    exit_code: int
    kind: NotRequired[str]


class MigratorError(Exception):
    """Base class of every expected error.

    Args:
        message: what happened and where, without secrets or personal data.
        fix: what the reader should do next.
    """

    exit_code = 1
    kind = ""  # what else to say about it; "" for nothing

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class ConfigError(MigratorError):
    """Usage or configuration is wrong, including credentials refused at the start; nothing was changed."""

    exit_code = 2


class StopRun(MigratorError):
    """The run cannot continue; running again is safe."""

    exit_code = 4


class Declined(StopRun):
    """A person was asked whether to send and said no; nothing was sent."""

    kind = "declined"


class UsersLeft(MigratorError):
    """An undo has left users in Descope: it spared them, or could not undo them."""

    exit_code = 3


class UsersMissing(StopRun):
    """Too many of the users who arrived are no longer in Descope."""

    kind = "missing"


class NoTurn(StopRun):
    """A call would have to wait for its turn longer than whoever makes it can: `seconds`."""

    def __init__(self, api: str, seconds: float) -> None:
        super().__init__(f"No calls to {api} are left for {seconds:.0f} s.", fix="Try again after that time.")
        self.seconds = seconds


class LeaseHeld(MigratorError):
    """Another run is in progress: it holds the lease."""

    exit_code = 5


class LeaseLost(StopRun):
    """Another run took over the lease; this one must no longer write."""


class Interrupted(MigratorError):
    """The user asked to stop; `exit_code` is 128 + the signal's number."""

    exit_code = 130


class ApiError(Exception):
    """An API call failed; it becomes a `MigratorError` where its meaning is known.

    The text names only host, method, path and status: whole addresses, bodies and header values may contain
    secrets or personal data.

    Args:
        what: the text.
        status: the answer's status; None if there was no answer.
        code: the answer's error code.
        cause: why there is no answer, if the connection says so.
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
    """The server's certificate is not trusted; never retried, nothing was sent to it."""


class ProxyRefused(NotSent):
    """The proxy does not let the request through; never retried, nothing was sent to the server."""


class NoAnswer(ApiError):
    """No usable answer came: the effect on the server is unknown."""


class Refused(ApiError):
    """The server answered that it did not do it (4xx); retrying the same request will not help."""


class Throttled(ApiError):
    """The server was too busy to process the request (429); `retry_after` is in seconds or unknown."""

    def __init__(self, what: str, *, retry_after: float | None, code: str = "") -> None:
        super().__init__(what, status=429, code=code)
        self.retry_after = retry_after


class ServerFailed(NoAnswer):
    """The server answered 5xx: a read may be retried, the effect of a write is unknown."""


class BadAnswer(NoAnswer):
    """A 2xx answer that does not match the contract (HTML, cut, wrong shape, 3xx)."""


class Redirected(BadAnswer):
    """The server redirected the request (3xx); never followed and never retried."""
