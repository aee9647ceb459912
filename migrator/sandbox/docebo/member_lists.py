"""Branches, groups and the lists of their members (docs/contract/docebo.md 5 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.sandbox.docebo.answers import PlatformError
from migrator.sandbox.docebo.paging import page_of, with_cursor
from migrator.sandbox.docebo.query import BranchMemberQuery, BranchQuery, CountedQuery, GroupQuery, parse
from migrator.sandbox.docebo.users import key_of

if TYPE_CHECKING:
    from migrator.sandbox.docebo.memberships import Node
    from migrator.sandbox.docebo.platform import Platform
    from migrator.sandbox.docebo.switches import DoceboSwitches
    from migrator.sandbox.people import Record

_SHOWN = ("username", "first_name", "last_name", "email")


def branches(platform: Platform, values: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /manage/v1/orgchart`: what is directly below a node, or with `flattened` everything below it.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong, 403 for a caller without rights, 404 for a
            node that is not there.
    """
    platform.require_admin()
    query, cursor = with_cursor(platform, BranchQuery, values)
    parent = None if query.node_id is None else _node(platform, str(query.node_id)).branch.id
    nodes = platform.memberships.nodes()
    if query.flattened:
        below = platform.memberships.below(parent) - {parent} if parent is not None else None
        nodes = [node for node in nodes if below is None or node.branch.id in below]
    else:
        nodes = [node for node in nodes if node.branch.parent == parent]
    wanted = query.search_text.strip().lower()
    nodes = [
        node for node in nodes if wanted in node.branch.title.lower() or wanted in (node.branch.code or "").lower()
    ]
    switches = platform.switches
    whole = query.flattened and switches.flattened == "whole"
    shown, data = page_of(nodes, query, switches, whole=whole)
    return _list([_branch(node, switches) for node in shown], data | {"cursor": cursor})


def branch(platform: Platform, key: str) -> dict[str, Any]:
    """The body of `GET /manage/v1/orgchart/{id}`.

    Raises:
        PlatformError: 403 for a caller without rights, 404 for a branch that is not there.
    """
    platform.require_admin()
    return {"data": _branch(_node(platform, key), platform.switches), "version": "1.0.0", "_links": []}


def branch_members(platform: Platform, key: str, values: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /manage/v1/orgchart/{id}/users`.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong, 403 for a caller without rights, 404 for a
            branch that is not there.
    """
    platform.require_admin()
    query = parse(BranchMemberQuery, values)
    _node(platform, key)
    members = platform.memberships.members("branch", key, descendants=not query.only_first_level)
    return _members(platform, members, query)


def groups(platform: Platform, service: str, values: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /manage/v1/group` and of `GET /audiences/v1/audience`.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong, 403 for a caller without rights, 404 where
            the service is not there.
    """
    _require_service(platform, service)
    switches = platform.switches
    shown, data = page_of(list(platform.memberships.groups.values()), parse(GroupQuery, values), switches)
    return _list([{switches.group_id: _id(one.id, switches), "name": one.name} for one in shown], data)


def group_members(platform: Platform, service: str, key: str, values: dict[str, Any]) -> dict[str, Any]:
    """The body of the list of a group's members.

    Raises:
        PlatformError: 400 for a parameter that is unknown or wrong, 403 for a caller without rights, 404 for a
            group or a service that is not there.
    """
    _require_service(platform, service)
    query = parse(GroupQuery, values)
    if key not in platform.memberships.groups:
        raise PlatformError(404, "Group not found.", 1001)
    return _members(platform, platform.memberships.members("group", key), query)


def _require_service(platform: Platform, service: str) -> None:
    if platform.switches.groups not in (service, "both"):
        raise PlatformError(404, "Page not found.", 1001)
    platform.require_admin()


def _node(platform: Platform, key: str) -> Node:
    for node in platform.memberships.nodes():
        if node.branch.id == key:
            return node
    raise PlatformError(404, "Branch not found.", 1001)


def _members(platform: Platform, members: set[str], query: CountedQuery) -> dict[str, Any]:
    """No order of these lists is documented: here it is by last name, which is not unique."""
    switches = platform.switches
    order = platform.users.shuffled if switches.ties == "shuffled" else platform.users.ordered
    rows = [record for record in platform.visible(order("last_name", "asc")) if key_of(record) in members]
    shown, data = page_of(rows, query, switches, is_hidden=platform.is_hidden())
    platform.count_page()
    return _list([_member(record, switches) for record in shown], data)


def _member(record: Record, switches: DoceboSwitches) -> dict[str, Any]:
    key = record.get("user_id")
    if switches.user_id == "integer" and key_of(record).isdecimal():
        key = int(key_of(record))
    return {switches.member_id: key} | {name: record.get(name) for name in _SHOWN}


def _branch(node: Node, switches: DoceboSwitches) -> dict[str, Any]:
    left, right = ("i_left", "i_right") if switches.nested_set == "i_left" else ("iLeft", "iRight")
    return {
        "id": _id(node.branch.id, switches),
        "title": node.branch.title,
        "code": node.branch.code,
        "lev": node.level,
        left: node.left,
        right: node.right,
        "selectable": True,
        "selected": False,
    }


def _id(key: str, switches: DoceboSwitches) -> str | int:
    return int(key) if switches.branch_ids == "integer" and key.isdecimal() else key


def _list(items: list[dict[str, Any]], data: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"items": items, "cursor": None, **data}, "version": "1.0.0", "_links": []}
