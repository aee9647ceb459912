"""What Descope's error codes mean, as far as anybody has documented it (docs/contract/descope.md 5). Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class ErrorCode(NamedTuple):
    """One code that Descope gives with a refusal: what it says, and what to do about it."""

    meaning: str
    fix: str


_CORRECT = "Look at the user's request with `migrator show`, correct the record in Docebo, and run again."
_INVALID = "Descope found a value of the request invalid, or one missing; its documents do not tell the two apart."

ERROR_CODES: Final[Mapping[str, ErrorCode]] = MappingProxyType(
    {
        "E011001": ErrorCode("Descope could not make sense of the request.", _CORRECT),
        "E011002": ErrorCode(_INVALID, _CORRECT),
        "E011003": ErrorCode("A value of the user breaks a rule of Descope, or is too long.", _CORRECT),
        "E011004": ErrorCode(_INVALID, _CORRECT),
        "E011008": ErrorCode("Descope does not know the project.", "Check descope.project_id and its region."),
        "E062107": ErrorCode(
            "Another user has this login id already.",
            "Run again: the next run looks the user up, and says whether it is yours.",
        ),
        "E111127": ErrorCode(
            "The new address or phone number is another user's login id.",
            "Compare the two users, and change one of the addresses.",
        ),
        "E112102": ErrorCode(
            "The user is not in Descope any more.",
            "Run `migrator verify`, then `migrator run --retry missing` to send the user again.",
        ),
        "E130429": ErrorCode(
            "Too many requests in too short a time.",
            "Nothing: the migrator waits as long as Descope asks for. With `--leave 30%` it leaves room to others.",
        ),
    }
)
