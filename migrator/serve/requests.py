"""What a flow asks: a request's body, checked before anything is looked up (docs/serve.md, "The request"). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.core.text import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BODY_BYTES = 4096
LONGEST_LOGIN = 320
LONGEST_EXECUTION = 200
_KEYS = {"login": LONGEST_LOGIN, "execution_id": LONGEST_EXECUTION}


class BadRequest(Exception):
    """The body cannot be used; the text says why, without anything of what it holds."""


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """Who signs in, by the name that was typed, trimmed; and in which execution of the flow."""

    login: str = field(repr=False)  # personal data
    execution_id: str

    @property
    def key(self) -> str:
        """The name without the case of its letters: of whom nobody knows in one spelling, nobody knows in another."""
        return self.login.casefold()


def parse_request(body: bytes) -> ResolveRequest:
    """The request in a body.

    Raises:
        BadRequest: it is not JSON, lacks a key, has another one, or holds a value that nobody can be called.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
    except BadRequest:
        raise
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(value, dict) or value.keys() != _KEYS.keys():
        raise BadRequest(f"the body must be an object of exactly {', '.join(_KEYS)}")
    for name, longest in _KEYS.items():
        text = value[name]
        if not isinstance(text, str) or not text.strip() or len(text) > longest or FORBIDDEN.search(text):
            raise BadRequest(f"{name} must be text of 1 to {longest} characters without control characters")
    return ResolveRequest(value["login"].strip(), value["execution_id"].strip())


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise BadRequest("a key is there twice")
    return dict(pairs)
