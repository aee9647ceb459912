"""The additional fields of the platform and their two list forms (docs/contract/docebo.md 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from migrator.sandbox.names import CITIES

if TYPE_CHECKING:
    from migrator.sandbox.docebo.query import FieldQuery

_FIELDS: Final[tuple[dict[str, Any], ...]] = (
    {"id": "4", "title": "City", "type": "dropdown"},
    {"id": "9", "title": "Note", "type": "textfield"},
    {"id": "12", "title": "Phone", "type": "textfield"},
)


def answer(query: FieldQuery) -> dict[str, Any]:
    """The body of `GET /manage/v1/user_fields`: a list envelope, or with `as_array=1` a bare array."""
    fields = sorted(_FIELDS, key=lambda field: _sort_key(field, query), reverse=query.sort_dir == "desc")
    if query.as_array:
        data: Any = [{**field, "options": _options(field)} for field in fields]
    else:
        size = len(fields) if query.no_pagination else min(query.page_size, 200)
        start = (query.page - 1) * size
        page = fields[start : start + size]
        data = {
            "items": [_item(place, field) for place, field in enumerate(page, start + 1)],
            "count": len(page),
            "has_more_data": start + size < len(fields),
            "cursor": None,
            "current_page": query.page,
            "current_page_size": size,
            "sort": [{"sort_attr": query.sort_attr, "sort_dir": query.sort_dir}],
        }
        if query.get_total_count:
            data["total_count"] = len(fields)
    return {"data": data, "version": "1.0.0", "_links": []}


def _sort_key(field: dict[str, Any], query: FieldQuery) -> tuple[int, str]:
    return (int(field["id"]), "") if query.sort_attr == "id" else (0, field["title"])


def _item(sequence: int, field: dict[str, Any]) -> dict[str, Any]:
    return {**field, "mandatory": False, "invisible_to_user": False, "sequence": sequence, "inherited": False}


def _options(field: dict[str, Any]) -> list[dict[str, str]]:
    if field["type"] != "dropdown":
        return []
    return [{"id": str(number), "label": label} for number, label in enumerate(CITIES, 1)]
