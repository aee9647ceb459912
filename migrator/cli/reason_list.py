"""Why users need a person or were left out, as a list for people: by state, the heaviest first, each with its fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.cli.wrap import columns, hanging
from migrator.core.model import State
from migrator.core.reasons import known_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.reasons import Reason

# What a person must act on comes first.
_ORDER = (State.CONFLICT, State.FAILED, State.REJECTED, State.VANISHED, State.SKIPPED)


def reason_list(reasons: Mapping[str, int], *, fixes: bool = True, width: int | None = None) -> list[str]:
    """Lines for the terminal's width.

    Args:
        reasons: users by reason code.
        fixes: say how to mend each one.
        width: columns; the terminal's unless given.
    """
    lines: list[str] = []
    for state in (*_ORDER, None):
        known = {code: known_reason(code) for code in reasons}
        mine = [code for code, reason in known.items() if _state(reason) == state]
        if not mine:
            continue
        lines.append(f"  reasons for {state.value}:" if state else "  other reasons:")
        for code in sorted(mine, key=lambda code: (-reasons[code], code)):
            lines += _entry(code, reasons[code], known[code], columns(width), fixes=fixes)
    return lines


def _state(reason: Reason | None) -> State | None:
    return reason.state if reason is not None and reason.state in _ORDER else None


def _entry(code: str, number: int, reason: Reason | None, width: int, *, fixes: bool) -> list[str]:
    head = f"    {number:>7,} "
    lines = hanging(f"{code}: {reason.meaning}" if reason else code, head, width)
    if fixes and reason:
        lines += hanging(f"Fix: {reason.fix}", " " * len(head), width)
    return lines
