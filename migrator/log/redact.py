"""Secrets out of texts, and texts safe to show on a terminal. Pure."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "***"
# Anything shorter also stands inside ordinary words, so it is replaced as a whole value only.
MIN_LENGTH = 4
_MIN_ENCODED = 6


def visible(text: str) -> str:
    """The text on one line: control characters, bidi overrides and other unseen characters as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


class Redactor:
    """Replaces secrets, also where they are URL-quoted, base64, JSON- or Python-escaped.

    Args:
        secrets: the secret texts; empty ones are ignored.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if secret}
        self._short = {secret for secret in known if len(secret) < MIN_LENGTH}
        forms = {form for secret in known - self._short for form in _forms(secret)}
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        # The lookahead finds matches that overlap; at each place the longest one wins.
        self._pattern = re.compile(f"(?=({'|'.join(map(re.escape, ordered))}))") if ordered else None

    def __call__(self, text: str) -> str:
        """The text without secrets; whatever two overlapping secrets cover becomes one mark."""
        if text.strip() in self._short:
            return MARK
        if self._pattern is None:
            return text
        pieces: list[str] = []
        end = 0
        for found in self._pattern.finditer(text):
            if found.start(1) >= end:
                pieces += (text[end : found.start(1)], MARK)
            end = max(end, found.end(1))
        return "".join([*pieces, text[end:]])

    def __repr__(self) -> str:
        return "Redactor()"


def _forms(secret: str) -> Iterator[str]:
    """Every spelling of a secret that a text may carry."""
    yield secret
    yield from (line for line in secret.splitlines() if len(line.strip()) >= MIN_LENGTH)
    raw = secret.encode("utf-8", "surrogatepass")
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    for escaped in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        yield escaped[1:-1]
        yield escaped[1:-1].replace("/", "\\/")
    yield repr(secret)[1:-1]
    yield visible(secret)
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """The base64 digits that belong to a secret alone, wherever it starts in what was encoded."""
    for offset in range(3):
        digits = base64.b64encode(b"\0" * offset + raw)
        # Digits shared with a neighbour's bits differ from text to text: one or two at the start, one at the end.
        start = -(-offset * 8 // 6)
        end = (offset + len(raw)) * 8 // 6
        inner = digits[start:end].decode("ascii")
        if len(inner) >= _MIN_ENCODED:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
    # Alone, the last digit and the padding belong to it too.
    yield base64.b64encode(raw).decode("ascii")
    yield base64.urlsafe_b64encode(raw).decode("ascii")
