"""One page of the user list in its envelope (docs/contract/docebo.md 2.2 and 2.5)."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from migrator.sandbox.docebo.answers import PlatformError
from migrator.sandbox.docebo.query import UserQuery, parse, select
from migrator.sandbox.docebo.users import Users, key_of

if TYPE_CHECKING:
    from migrator.sandbox.docebo.platform import Platform
    from migrator.sandbox.docebo.switches import DoceboSwitches
    from migrator.sandbox.people import Record

_CAP: Final = 200  # docs/contract/docebo.md 2.1: the documented default, seen as the cap by most clients
_HONOURED: Final = 5000  # the largest page any client was seen to ask for (docs/contract/docebo.md 11)


def user_page(platform: Platform, values: dict[str, Any]) -> bytes:
    """The answer's body for the given request parameters.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong, 403 for a caller without rights.
    """
    switches = platform.switches
    level = platform.level
    if level == "user":
        raise PlatformError(403, "You are not allowed to perform this action.", 1003)
    query, cursor = _query(platform, values)
    rows = _rows(platform, query, level)
    size = _size(query.page_size, switches)
    page = _page(query.page, switches)
    shown, more = _window(rows, page, size, switches)
    if switches.hidden_rows:
        hidden = platform.users.hidden(switches.hidden_rows)
        shown = [record for record in shown if key_of(record) not in hidden]
    data = _envelope(query, page, size, len(shown), len(rows), more=more, switches=switches)
    data["cursor"] = cursor
    rest = {"version": "1.0.0", "_links": [] if switches.links == "list" else _links(query)}
    items = platform.users if not query.pending else Users()
    platform.count_page()
    return b'{"data":{"items":[%s],%s,%s' % (
        items.items(shown, switches),
        json.dumps(data).encode()[1:],
        json.dumps(rest).encode()[1:],
    )


def _query(platform: Platform, values: dict[str, Any]) -> tuple[UserQuery, str | None]:
    """The parameters, those kept under a cursor included, and the cursor to answer with."""
    query = parse(UserQuery, values)
    if query.cursor:
        if query.cursor not in platform.cursors:
            raise PlatformError(400, "Invalid parameter cursor", 1002)
        kept = platform.cursors[query.cursor]
        return parse(UserQuery, kept | {"page": query.page}), query.cursor
    if not query.get_cursor:
        return query, None
    cursor = secrets.token_hex(8)
    platform.cursors[cursor] = values
    return query, cursor


def _rows(platform: Platform, query: UserQuery, level: str) -> list[Record]:
    if query.pending:
        return select(platform.pending, query)
    order = platform.users.shuffled if platform.switches.ties == "shuffled" else platform.users.ordered
    rows = select(order(query.sort_attr, query.sort_dir), query)
    if level == "admin":
        return rows[: platform.switches.power_user_sees]
    return rows


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


def _window(rows: list[Record], page: int, size: int, switches: DoceboSwitches) -> tuple[list[Record], bool]:
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
    query: UserQuery, page: int, size: int, shown: int, total: int, *, more: bool, switches: DoceboSwitches
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "count": shown if switches.count == "page" else total,
        "current_page": page,
        "current_page_size": size,
        "sort": [{"sort_attr": query.sort_attr, "sort_dir": query.sort_dir}],
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
    elif switches.total_count == "correct" and query.get_total_count:
        data["total_count"] = total
    return data


def _links(query: UserQuery) -> dict[str, Any]:
    def link(page: int) -> dict[str, str]:
        return {"href": f"/manage/v1/user?page={page}"}

    return {"first": link(1), "self": link(query.page), "goto": link(query.page + 1)}
