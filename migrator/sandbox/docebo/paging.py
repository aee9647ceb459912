"""One page of any list, and the envelope's keys beside its items (docs/contract/docebo.md 2.2 and 2.5)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, TypeVar

from migrator.sandbox.docebo.answers import PlatformError
from migrator.sandbox.docebo.query import CursorQuery, ListQuery, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.sandbox.docebo.platform import Platform
    from migrator.sandbox.docebo.switches import DoceboSwitches

Row = TypeVar("Row")
Kept = TypeVar("Kept", bound=CursorQuery)

_CAP: Final = 200  # docs/contract/docebo.md 2.1: the documented default, seen as the cap by most clients
_HONOURED: Final = 5000  # the largest page any client was seen to ask for (docs/contract/docebo.md 11)


def page_of(
    rows: list[Row],
    query: ListQuery,
    switches: DoceboSwitches,
    *,
    is_hidden: Callable[[Row], bool] | None = None,
    whole: bool = False,
) -> tuple[list[Row], dict[str, Any]]:
    """The rows to show, and what the envelope says of them, true or not.

    Args:
        rows: all rows of the list, in order.
        is_hidden: says of a row that it is counted but not shown.
        whole: show all rows whatever page is asked for.

    Raises:
        PlatformError: 400 for a page or size that is not taken.
    """
    page = _page(query.page, switches)
    size = max(1, len(rows)) if whole else _size(query.page_size, switches)
    shown, more = (rows, False) if whole else _window(rows, page, size, switches)
    if is_hidden is not None:
        shown = [row for row in shown if not is_hidden(row)]
    return shown, _envelope(query, page, size, len(shown), len(rows), more=more, switches=switches)


def with_cursor(platform: Platform, model: type[Kept], values: dict[str, Any]) -> tuple[Kept, str | None]:
    """The parameters, those kept under a cursor included, and the cursor to answer with.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong.
    """
    query = parse(model, values)
    if query.cursor:
        if query.cursor not in platform.cursors:
            raise PlatformError(400, "Invalid parameter cursor", 1002)
        kept = platform.cursors[query.cursor]
        return parse(model, kept | {"page": query.page}), query.cursor
    if not query.get_cursor:
        return query, None
    cursor = secrets.token_hex(8)
    platform.cursors[cursor] = values
    return query, cursor


def _size(asked: int, switches: DoceboSwitches) -> int:
    match switches.page_size_cap:
        case "honour":
            return min(asked, _HONOURED)
        case "error" if asked > _CAP:
            raise PlatformError(400, f"Invalid parameter page_size: at most {_CAP}", 1002)
        case _:
            return min(asked, _CAP)


def _page(asked: int, switches: DoceboSwitches) -> int:
    if asked == 0 and switches.page_zero == "error":
        raise PlatformError(400, "Invalid parameter page: must be at least 1", 1002)
    return max(asked, 1)


def _window(rows: list[Row], page: int, size: int, switches: DoceboSwitches) -> tuple[list[Row], bool]:
    """The rows of a page, and whether more follow, before the envelope may lie about it."""
    if switches.stuck_page and page >= switches.stuck_page:
        start = (switches.stuck_page - 1) * size
        return rows[start : start + size], True
    step = max(1, size - switches.repeat_rows)
    if switches.empty_page and page == switches.empty_page:
        return [], (page - 1) * step < len(rows)
    if switches.empty_page and page > switches.empty_page:
        page -= 1
    start = (page - 1) * step
    return rows[start : start + size], start + size < len(rows)


def _envelope(
    query: ListQuery, page: int, size: int, shown: int, total: int, *, more: bool, switches: DoceboSwitches
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "count": shown if switches.count == "page" else total,
        "current_page": page,
        "current_page_size": size,
        "sort": query.sort,
    }
    match switches.has_more_data:
        case "correct":
            data["has_more_data"] = more
        case "stuck_on_last_full_page":
            data["has_more_data"] = more or shown == size
        case "always_true":
            data["has_more_data"] = True
        case "false_too_early":
            data["has_more_data"] = more and page < switches.early_end_page
        case "missing":
            pass
    if switches.total_page_count == "present":
        data["total_page_count"] = -(-total // size)
    if switches.total_count == "zero":
        data["total_count"] = 0
    elif switches.total_count == "correct" and query.counts:
        data["total_count"] = total
    return data
