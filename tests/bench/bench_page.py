"""How long a page with 50,000 listed users takes to open and to use in Chromium: python tests/bench/bench_page.py."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from stored_users import in_trouble

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from browser import Browser, Page
from run_document import document

from migrator.core.model import State
from migrator.report.page.page import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.users.stored_user import StoredUser

# Each is done once and includes the layout that it makes necessary.
USES = {
    "search": "$('search').value = 'rossi u4321', $('search').dispatchEvent(new Event('input')), wait()",
    "sort": "document.querySelector('th[data-key=email] button').click()",
    "filter": "$('reason').value = 'login_taken', $('reason').dispatchEvent(new Event('change'))",
    "last page": "$('last').click()",
}
_TIMED = """(async () => {{
  const $ = id => document.getElementById(id), wait = () => new Promise(done => setTimeout(done, 151));
  const from = performance.now(); await ({0}); document.body.offsetHeight; return performance.now() - from;
}})()"""


@click.command()
@click.option("--users", default=50_000, show_default=True)
def main(users: int) -> None:
    """Write such a page, open it three times, tell the seconds."""
    with tempfile.TemporaryDirectory() as name, Browser(Path(name) / "browser") as browser:
        path = Path(name) / "report.html"
        with path.open("w", encoding="utf-8") as file:
            figures = document("needs_person", conflict=users) | {"reasons": {"login_taken": users}}
            write_page(file, figures, {}, [], _people(users), 0.0, redact=False)
        for _ in range(3):
            page = browser.open(path.as_uri())
            times = {"open": _opened(page)} | {use: page.evaluate(_TIMED.format(code)) for use, code in USES.items()}
            told = ", ".join(f"{use} {milliseconds / 1000:.2f} s" for use, milliseconds in times.items())
            click.echo(f"{users:,} users, {path.stat().st_size / 1e6:.1f} MB: {told}")


def _opened(page: Page) -> float:
    """Milliseconds from the request for the page until it was loaded and drawn."""
    page.until("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    milliseconds: float = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    return milliseconds


def _people(users: int) -> Iterator[StoredUser]:
    rng = random.Random(1)
    for index in range(users):
        person = {"username": f"u{index}", "email": f"p{index}@example.org", "first_name": "Ana", "last_name": "Rossi"}
        reason = rng.choice(("login_taken", "duplicate_email"))
        detail = f"Descope user U2{rng.getrandbits(100):025x}"
        yield in_trouble(str(1000 + index), State.CONFLICT, reason, detail, raw=json.dumps(person))


if __name__ == "__main__":
    main()
