"""One page of the user list in its envelope (docs/contract/docebo.md 2.2 and 2.5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from migrator.sandbox.docebo.answers import PlatformError
from migrator.sandbox.docebo.paging import page_of, with_cursor
from migrator.sandbox.docebo.query import UserQuery, select
from migrator.sandbox.docebo.users import Users, key_of

if TYPE_CHECKING:
    from migrator.sandbox.docebo.platform import Platform
    from migrator.sandbox.people import Record


def user_page(platform: Platform, values: dict[str, Any]) -> bytes:
    """The answer's body for the given request parameters.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong, 403 for a caller without rights.
    """
    switches = platform.switches
    platform.require_admin()
    query, cursor = with_cursor(platform, UserQuery, values)
    rows = _rows(platform, query)
    shown, data = page_of(rows, query, switches, is_hidden=platform.is_hidden())
    data["cursor"] = cursor
    rest = {"version": "1.0.0", "_links": [] if switches.links == "list" else _links(query)}
    items = platform.users if not query.pending else Users()
    platform.count_page()
    return b'{"data":{"items":[%s],%s,%s' % (
        items.items(shown, switches),
        json.dumps(data).encode()[1:],
        json.dumps(rest).encode()[1:],
    )


def _rows(platform: Platform, query: UserQuery) -> list[Record]:
    members = None if query.branch_id is None else _members(platform, query.branch_id, query.selection_status)
    if query.pending:
        return select(platform.pending, query)
    order = platform.users.shuffled if platform.switches.ties == "shuffled" else platform.users.ordered
    rows = platform.visible(select(order(query.sort_attr, query.sort_dir), query))
    return rows if members is None else [record for record in rows if key_of(record) in members]


def _members(platform: Platform, branch_id: int, selection: str) -> set[str]:
    key = str(branch_id)
    if key in platform.memberships.branches:
        return platform.memberships.members("branch", key, descendants=selection == "2")
    match platform.switches.unknown_branch:
        case "empty":
            return set()
        case "bad_request":
            raise PlatformError(400, "Invalid parameter branch_id", 1002)
        case "not_found":
            raise PlatformError(404, "Branch not found.", 1001)


def _links(query: UserQuery) -> dict[str, Any]:
    def link(page: int) -> dict[str, str]:
        return {"href": f"/manage/v1/user?page={page}"}

    return {"first": link(1), "self": link(query.page), "goto": link(query.page + 1)}
