"""The benchmarks' figures as a table and a plot, and where docs/performance.md holds them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PAGE, PLOT, DATA = "performance.md", "performance.svg", "benchmarks.json"
_BETWEEN = re.compile(r"(<!-- benchmarks -->\n).*?(<!-- end of benchmarks -->)", re.DOTALL)
_WIDTH, _BAR, _LEFT, _TOP = 760, 22, 230, 46
_MARKS = (("migrator", "#2563eb"), ("bare loop", "#9ca3af"), ("documented limits", "#d97706"))


@dataclass
class Figures:
    """One migration, measured; rates are users a second, seconds are wall-clock time of whole commands.

    `bare_users_per_second` is extrapolated from a sample; `limit_users_per_second` is what the documented limits allow,
    None where so few users meet none.
    """

    users: int
    delay_ms: int
    database: str
    seconds: float
    users_per_second: int
    cpu_per_1000: float
    server_cpu_per_1000: float
    calls_per_1000: float
    peak_mib: int
    bytes_per_user: int
    again_seconds: float
    again_descope_calls: int
    resume_seconds: float = 0.0
    bare_users_per_second: float = 0.0
    limit_users_per_second: float | None = None

    @property
    def label(self) -> str:
        """`10,000 users, 100 ms, sqlite`."""
        return f"{self.users:,} users, {self.delay_ms} ms, {self.database}"


_COLUMNS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("users", lambda one: f"{one.users:,}"),
    ("answer", lambda one: f"{one.delay_ms} ms"),
    ("database", lambda one: one.database),
    ("seconds", lambda one: f"{one.seconds:,.1f}"),
    ("users/s", lambda one: f"{one.users_per_second:,}"),
    ("bare loop", lambda one: f"{one.bare_users_per_second:,.0f}"),
    ("limits", lambda one: f"{one.limit_users_per_second:,.0f}" if one.limit_users_per_second else "none met"),
    ("CPU s / 1,000", lambda one: f"{one.cpu_per_1000:.2f}"),
    ("servers' CPU s / 1,000", lambda one: f"{one.server_cpu_per_1000:.2f}"),
    ("calls / 1,000", lambda one: f"{one.calls_per_1000:.1f}"),
    ("peak MiB", lambda one: f"{one.peak_mib:,}"),
    ("bytes / user", lambda one: f"{one.bytes_per_user:,}"),
    ("rerun s", lambda one: f"{one.again_seconds:,.1f}"),
    ("resume s", lambda one: f"{one.resume_seconds:,.1f}"),
)


def table(found: Sequence[Figures]) -> str:
    """A Markdown table that also reads well on a terminal."""
    rows = [[name for name, _ in _COLUMNS], *([cell(one) for _, cell in _COLUMNS] for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|")
    return "\n".join(lines)


def plot(found: Sequence[Figures]) -> str:
    """Users a second on a logarithmic scale, as SVG: three bars for each migration."""
    rates = [_rates(one) for one in found]
    most = max(max(rate for rate in row if rate) for row in rates)
    decades = len(f"{int(most)}")
    scale = (_WIDTH - _LEFT - 90) / decades
    height = _TOP + len(found) * (3 * _BAR + 18) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" font-size="13"',
        ' font-family="sans-serif" aria-label="Users a second: migrator, bare loop, documented limits">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold">Users a second (logarithmic scale)</text>',
    ]
    for decade in range(decades + 1):
        x = _LEFT + decade * scale
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{height - 30}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle" fill="#4b5563">{10**decade:,}</text>')
    for number, (one, row) in enumerate(zip(found, rates, strict=True)):
        y = _TOP + number * (3 * _BAR + 18)
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(one.label)}</text>')
        for (name, colour), rate in zip(_MARKS, row, strict=True):
            if rate:
                width = max(2.0, scale * math.log10(max(1.0, rate)))
                parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 4}" fill="{colour}"/>')
                said = f"{rate:,.0f} {name}"
                parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}" fill="#111827">{said}</text>')
            y += _BAR
    return "\n".join([*parts, "</svg>", ""])


def record(docs: Path, document: Mapping[str, Any], found: Sequence[Figures]) -> None:
    """Renew the page between its markers, the plot and the data."""
    page = docs / PAGE
    where = f"{document['date']}, {document['machine']}, load {document['load']} before the first run"
    said = f"Measured on {where}.\n\n{table(found)}\n\n![Users a second]({PLOT})\n\n"
    text, times = _BETWEEN.subn(lambda match: match[1] + "\n" + said + match[2], page.read_text(encoding="utf-8"))
    if times != 1:
        raise ValueError(f"{page} has no place for the benchmarks")
    page.write_text(text, encoding="utf-8")
    (docs / PLOT).write_text(plot(found), encoding="utf-8")
    (docs / DATA).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _rates(one: Figures) -> tuple[float, float, float | None]:
    return one.users_per_second, one.bare_users_per_second, one.limit_users_per_second
