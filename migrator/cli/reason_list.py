"""Why users need a person or were left out, as a list for people: by state, the heaviest first, each with its fix."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from migrator.model import State
from migrator.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.reasons import Reason

WIDEST = 120  # a longer line is hard to read
PIPED = 100  # columns where no terminal says its own
# What a person must act on comes first.
_ORDER = (State.CONFLICT, State.FAILED, State.REJECTED, State.VANISHED, State.SKIPPED)


def reason_list(reasons: Mapping[str, int], *, fixes: bool = True, width: int | None = None) -> list[str]:
    """Lines for the terminal's width.

    Args:
        reasons: users by reason code.
        fixes: say how to mend each one.
        width: columns; the terminal's unless given.
    """
    columns = min(width or shutil.get_terminal_size((PIPED, 24)).columns, WIDEST) - 1
    lines: list[str] = []
    for state in (*_ORDER, None):
        known = {code: REASONS.get(code) for code in reasons}
        mine = [code for code, reason in known.items() if _state(reason) == state]
        if not mine:
            continue
        lines.append(f"  reasons for {state.value}:" if state else "  other reasons:")
        for code in sorted(mine, key=lambda code: (-reasons[code], code)):
            lines += _entry(code, reasons[code], known[code], columns, fixes=fixes)
    return lines


def _state(reason: Reason | None) -> State | None:
    return reason.state if reason is not None and reason.state in _ORDER else None


def _entry(code: str, number: int, reason: Reason | None, columns: int, *, fixes: bool) -> list[str]:
    head = f"    {number:>7,} "
    texts = [f"{code}: {reason.meaning}" if reason else code]
    if fixes and reason:
        texts.append(f"Fix: {reason.fix}")
    wrapped = [
        textwrap.wrap(
            text,
            max(columns, len(head) + 20),
            initial_indent=head if n == 0 else " " * len(head),
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for n, text in enumerate(texts)
    ]
    return [line for lines in wrapped for line in lines]
