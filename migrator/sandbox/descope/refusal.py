"""Errors as Descope words them (docs/contract/descope.md 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.core.model import Json

MALFORMED = "E011001"
MISSING = "E011002"
INVALID = "E011003"
UNAUTHORIZED = "E111119"
USER_EXISTS = "E062107"
USER_NOT_FOUND = "E112102"
LOGIN_CONFLICT = "E111127"
RATE_LIMIT = "E130429"
ROLE_EXISTS = "E024104"
INTERNAL = "E010000"

_DESCRIPTIONS = {
    MALFORMED: "Request is malformed",
    MISSING: "Request is missing required arguments",
    INVALID: "Request has failed validation",
    UNAUTHORIZED: "Unauthorized",
    USER_EXISTS: "User already exists",
    USER_NOT_FOUND: "User not found",
    LOGIN_CONFLICT: "The value is the login id of another user",
    RATE_LIMIT: "https://docs.descope.com/rate-limiting",
    ROLE_EXISTS: "The object already exists",
    INTERNAL: "Internal server error",
}


class Refusal(Exception):
    """The server refuses a request, or one user of a batch; `str()` is the specific text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self, *, with_message: bool) -> dict[str, Json]:
        """The wire shape; `errorMessage` and `message` may be absent."""
        body: dict[str, Json] = {"errorCode": self.code, "errorDescription": _DESCRIPTIONS[self.code]}
        if with_message:
            body |= {"errorMessage": self.message, "message": self.message}
        return body


def invalid(message: str) -> Refusal:
    """A value that cannot be accepted."""
    return Refusal(400, INVALID, message)


def not_found() -> Refusal:
    """No user has this login id or user id."""
    return Refusal(404, USER_NOT_FOUND, "User not found")
