"""Regular expressions of the configuration: those of RE2, which take linear time (docs/decisions/0027). Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from migrator.core.model import Json

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # a log of its own would show the expression


@lru_cache(maxsize=256)
def compiled(expression: str) -> Json:
    """The compiled expression.

    Raises:
        ValueError: RE2 cannot compile it.
    """
    try:
        return re2.compile(expression, _OPTIONS)
    except re2.error:
        raise ValueError("not a regular expression of RE2") from None


def is_found(expression: str, text: str) -> bool:
    """Whether the expression finds something in the text."""
    return compiled(expression).search(text) is not None
