"""The screens of a night, recorded from a pseudo-terminal: docs/terminal.md is made of them, a test compares them.

What differs from one recording to the next (durations, rates, free space, this machine's names) is replaced.
"""

from __future__ import annotations

import re
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyte
from terminal import Terminal
from world import Place

from migrator.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = Path(__file__).parents[2] / "docs" / "terminal.md"
WIDTHS = (80, 120)
DRAWN = 400  # columns of the paper: what the command does not wrap itself is cut into lines afterwards
CTRL_C = "\x03"
HEAD = """# What the terminal shows

`make readme` records these screens of a night with the sandbox's made-up people; a test compares them with what the
program shows. Durations are written `m:ss`, other figures that vary from night to night `N`, and the servers and the
folder have other names.
"""
_TIME = r"\d+\s(?:h|min|s)(?:\s\d+\s(?:h|min|s))*"
_PLACEHOLDERS = (
    (r"\(at(\s)127\.0\.0\.1:\d+", r"(at\1api.descope.com"),
    (r"127\.0\.0\.1:\d+", "acme.docebosaas.com"),
    (rf"(ends in|the run in)\s{_TIME}(\sto\s{_TIME})?(?=[.,\s]|$)", r"\1 N s to N min"),
    (r"(?m)^( +)[\d.]+ s *$", r"\1N s"),
    (r"(?<![\d:.])\d+:\d\d(:\d\d)?(?![\d:])", "m:ss"),
    (r"\d{4}-\d\d-\d\d[T ]m:ss(\.\d+)?Z?", "2026-11-24 22:15"),
    (r"[\d,.]+ users/s", "N users/s"),
    (r"\b\d+ s to go", "N s to go"),
    (r"goes on in \d+ s", "goes on in N s"),
    (r"\b[\d.]+ s, ", "N s, "),
    (r"\b\d+ s off", "N s off"),
    (r"\b\d+ GiB free", "N GiB free"),
    (r"(Docebo|Descope|writes|throttled) [\d,]+(?=[,)]| \(|$)", r"\1 N"),
    (r"[━╸╺]+", "━" * 35),
)


class Paper(Terminal):
    """A terminal that says how wide it is, drawn on wider paper, so that replaced names cannot move a line's end."""

    def __init__(self, arguments: Sequence[str], folder: Path, *, columns: int) -> None:
        super().__init__(arguments, folder, columns=columns)
        self._columns, self._folder = columns, folder
        self.screen = pyte.HistoryScreen(DRAWN, 200)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def steady(self) -> str:
        """What was written, with everything replaced that differs from night to night."""
        text = self.text.replace(str(self._folder), "/home/ana/migration")
        for pattern, word in _PLACEHOLDERS:
            text = re.sub(pattern, word, text, flags=re.MULTILINE)
        return text

    @property
    def shot(self) -> str:
        """The screen as the page has it."""
        return "\n".join(part for line in self.steady.splitlines() for part in self._cut(line))

    def _cut(self, line: str) -> list[str]:
        """A line as it runs over the terminal's edge."""
        return [line[start : start + self._columns] for start in range(0, max(1, len(line)), self._columns)]


def night(place: Place, columns: int) -> dict[str, str]:
    """Each command of a night, with what stands on the screen then."""
    place.sandbox.control.reset(users=300, difficult=0.1, strangers=4)
    place.configure(run={"concurrency": 1}, descope={"batch_size": 50})
    shots: dict[str, str] = {}

    def whole(*arguments: str) -> str:
        with Paper(arguments, place.folder, columns=columns) as paper:
            paper.ended()
            return paper.shot

    shots["migrator check"] = whole("check")
    shots["migrator plan --out plan.jsonl"] = whole("plan", "--out", "plan.jsonl")
    # The first create is the canary's, the second goes through.
    pause = {"code": 429, "headers": {"Retry-After": "40"}}
    place.sandbox.control.set_faults({"kind": "status", "path": "create/batch$", "nth": 3, "params": pause})
    with Paper(["run", "--plan", "plan.jsonl", "--canary", "20"], place.folder, columns=columns) as paper:
        paper.until("[y/N]:")
        shots["migrator run --plan plan.jsonl --canary 20: the question"] = paper.shot
        paper.type("y\r")
        paper.until("[Y/n]:")
        shots["migrator run --plan plan.jsonl --canary 20: the canary"] = paper.shot.split("[y/N]: y\n")[1]
        paper.type("y\r")
        paper.until(lambda text: all(part in text for part in ("the run in", "asked for a pause", "users/s")))
        shots["migrator run --plan plan.jsonl --canary 20: a pause"] = _last_lines(paper.shot, 4)
        shots["migrator status --watch"] = _watched(place, columns)
        paper.type(CTRL_C)
        paper.ended()
        shots["migrator run --plan plan.jsonl --canary 20: after Ctrl-C"] = paper.shot.split("[Y/n]: y\n")[1]
    place.sandbox.control.clear_faults()
    shots["migrator status"] = whole("status")
    shots["migrator run --yes: to the end"] = whole("run", "--yes")
    shots["migrator verify"] = whole("verify")
    shots["migrator report --redact"] = whole("report", "--redact")
    return shots


def _watched(place: Place, columns: int) -> str:
    with Paper(["status", "--watch"], place.folder, columns=columns) as paper:
        paper.until(lambda text: all(word in " ".join(text.split()) for word in ("Waiting:", "this stage ends")))
        return textwrap.fill(" ".join(paper.steady.split()), columns)


def _last_lines(text: str, number: int) -> str:
    return "\n".join(text.splitlines()[-number:])


def page(nights: dict[int, dict[str, str]]) -> str:
    """The page with the screens of each width."""
    parts = [HEAD]
    for columns, shots in nights.items():
        parts.append(f"## {columns} columns\n")
        parts += [f"### {name}\n\n```text\n{shot}\n```\n" for name, shot in shots.items()]
    return "\n".join(parts)


def shown_on(text: str, columns: int) -> dict[str, str]:
    """The screens of one width on the page."""
    part = text.split(f"## {columns} columns\n")[1].split("\n## ", maxsplit=1)[0]
    return dict(re.findall(r"### ([^\n]*)\n\n```text\n(.*?)\n```\n", part, re.DOTALL))


@contextmanager
def new_place() -> Iterator[Place]:
    """A place of its own to spend the night in."""
    with tempfile.TemporaryDirectory() as folder, SandboxProcess(users=0) as sandbox:
        yield Place(Path(folder), sandbox, "sqlite:///migrator.db")


def record() -> str:
    """The page as it must be now."""
    nights = {}
    for columns in WIDTHS:
        with new_place() as place:
            nights[columns] = night(place, columns)
    return page(nights)
