"""The pages of a list in their order, and which one is the last (docs/reliability.md P6)."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Future

    from migrator.core.model import Json
    from migrator.docebo.client import Page

BARREN_PAGES = 3  # pages in a row that show nobody fresh, before a reading that will not end is ended


@dataclass(slots=True)
class Reading:
    """How far one reading of all pages has come: pages turned, users shown, and what Docebo counts.

    `what` is on the pages, for the text of errors.
    """

    page: int = 0
    seen: int = 0
    total: int | None = None
    pages: int | None = None
    barren: int = 0
    what: str = "Users"

    def is_last(self, page: Page, fresh: int) -> bool:
        """Take note of the next page, which showed `fresh` users for the first time; whether the list ends with it.

        Raises:
            StopRun: the list does not end.
        """
        self.page += 1
        self.seen += fresh
        self.total = page.total if page.total is not None else self.total
        self.pages = page.pages if page.pages is not None else self.pages
        self.barren = 0 if fresh else self.barren + 1
        if self.barren == BARREN_PAGES and page.has_more and not self._total_shown:
            raise StopRun(
                f"Failed Getting {self.what}: Docebo says there is more, but"
                f" {BARREN_PAGES} pages in a row showed nothing new.",
                fix="Run again; if it happens again, ask Docebo's support why has_more_data stays true."
                " Nothing was sent.",
            )
        if self._total_shown and self.barren:
            return True  # whatever else it says: the page after the last user showed nobody
        return not page.has_more and (self._all_turned(page) or self.barren == BARREN_PAGES)

    @property
    def whole(self) -> bool:
        """Whether everybody was shown, by Docebo's own count: of users, or else of pages."""
        if self.total is not None:
            return self.seen >= self.total
        return self.pages is None or self.page >= self.pages

    @property
    def _total_shown(self) -> bool:
        return self.total is not None and self.seen >= self.total

    def _all_turned(self, page: Page) -> bool:
        """Whether nothing speaks against "no more"; that word alone is not trusted (docs/contract/docebo.md 2.5)."""
        if self.total is None and self.pages is None:
            return not page.full or self.barren > 0
        return self.whole and (self.pages is None or self.page >= self.pages)


def read_ahead(fetch: Callable[[int], Page], at_once: int) -> Generator[Page]:
    """The pages of a list in their order, without end: the caller knows which one is the last.

    Up to `at_once` pages are fetched at the same time, but none behind the last one that Docebo counts before it is
    asked for. Close the generator to end the requests in flight.

    Args:
        fetch: gives a page by its number, from 1; called from other threads if `at_once` is more than one.
    """
    page = fetch(1)
    yield page
    counted = _pages_counted(page)
    with ThreadPoolExecutor(at_once, thread_name_prefix="reader") as pool:
        ahead: deque[Future[Page]] = deque()
        number = fetched = 1
        while True:
            number += 1
            while fetched < number or (fetched < counted and len(ahead) < at_once):
                fetched += 1
                ahead.append(pool.submit(fetch, fetched))
            yield ahead.popleft().result()


def _pages_counted(page: Page) -> int:
    """How many pages there are by the first one's word; 0 if it does not say."""
    if page.pages is not None or page.total is None or not page.items:
        return page.pages or 0
    return -(-page.total // len(page.items))


def read_once(pages: Generator[Page], key: Callable[[Json], str]) -> Iterator[list[Json]]:
    """The records of one reading, page by page, each key once; of several on a page, the last one.

    Raises:
        StopRun: a page cannot be read, or the list does not end.
    """
    seen: set[str] = set()
    reading = Reading()
    with closing(pages):
        for page in pages:
            shown = {key(item): item for item in page.items}
            fresh = shown.keys() - seen
            yield [item for name, item in shown.items() if name in fresh]
            seen |= fresh
            if reading.is_last(page, len(fresh)):
                return
