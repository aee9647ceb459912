"""The platform's user records: sorted views, serialised items, and a log of who came and went."""

from __future__ import annotations

import json
import random
import zlib
from heapq import nsmallest
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.sandbox.docebo.switches import DoceboSwitches
    from migrator.sandbox.people import Record

Style: TypeAlias = tuple[str, str, str, str]


def key_of(record: Record) -> str:
    """The id as text: the platform shows it as text or as a number."""
    return str(record.get("user_id"))


class Users:
    """Records by id. Views and serialised items are cached until a record changes."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records = {key_of(record): record for record in records}
        self._views: dict[tuple[str, str], list[Record]] = {}
        self._items: dict[str, bytes] = {}
        self._style: Style | None = None
        self.watch()

    def watch(self) -> None:
        """Start the log of comings and goings anew."""
        self._throughout = set(self._records)
        self._log: dict[str, list[str]] = {"inserted": [], "deleted": [], "changed": []}

    def watched(self) -> dict[str, list[str]]:
        """Ids since `watch`: `user_ids` present all the time, then `inserted`, `deleted`, `changed`."""
        return {"user_ids": sorted(self._throughout), **self._log}

    def all(self) -> list[Record]:
        """Every record, in no promised order."""
        return list(self._records.values())

    def get(self, key: str) -> Record | None:
        """The record of that id, if any."""
        return self._records.get(key)

    def put(self, record: Record) -> bool:
        """Add or replace a record whole; True when it is new."""
        key = key_of(record)
        new = key not in self._records
        self._records[key] = record
        self._log["inserted" if new else "changed"].append(key)
        self._changed(key)
        return new

    def remove(self, key: str) -> bool:
        """Delete a record; False when there is none."""
        if self._records.pop(key, None) is None:
            return False
        self._throughout.discard(key)
        self._log["deleted"].append(key)
        self._changed(key)
        return True

    def ordered(self, attr: str, direction: str) -> list[Record]:
        """All records sorted by one column, case-insensitively; equal values in the order of ids."""
        view = self._views.get((attr, direction))
        if view is None:
            view = sorted(
                self._records.values(),
                key=lambda record: (_text(record, attr), len(key_of(record)), key_of(record)),
                reverse=direction == "desc",
            )
            self._views[attr, direction] = view
        return view

    def shuffled(self, attr: str, direction: str) -> list[Record]:
        """As `ordered`, but equal values in another order each time, as an unstable sort gives them."""
        keyed = [(_text(record, attr), random.random(), record) for record in self._records.values()]
        keyed.sort(key=lambda row: row[:2], reverse=direction == "desc")
        return [record for _, _, record in keyed]

    def hidden(self, count: int) -> set[str]:
        """`count` ids, always the same ones, that the platform counts but never lists."""
        return set(nsmallest(count, self._records, key=lambda key: (zlib.crc32(key.encode()), key)))

    def items(self, records: Iterable[Record], switches: DoceboSwitches) -> bytes:
        """The records as JSON objects joined by commas, in the style of the switches."""
        style = (switches.user_id, switches.manager_names, switches.slashes, switches.non_ascii)
        if style != self._style:
            self._items.clear()
            self._style = style
        return b",".join([self._item(record, switches) for record in records])

    def _item(self, record: Record, switches: DoceboSwitches) -> bytes:
        key = key_of(record)
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = serialise(record, switches)
        return item

    def _changed(self, key: str) -> None:
        self._views.clear()
        self._items.pop(key, None)


def serialise(record: Record, switches: DoceboSwitches) -> bytes:
    """One item as JSON, with the quirks that are switched on (docs/contract/docebo.md 2.3 and 2.4)."""
    shown = dict(record)
    if switches.user_id == "integer" and key_of(record).isdecimal():
        shown["user_id"] = int(key_of(record))
    if switches.manager_names == "list" and not _has_manager(record):
        shown["manager_names"] = []
    text = json.dumps(shown, ensure_ascii=switches.non_ascii == "escaped")
    if switches.slashes == "escaped":
        text = text.replace("/", "\\/")
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, only an escape
        return json.dumps(shown).encode()


def _has_manager(record: Record) -> bool:
    names = record.get("manager_names")
    return isinstance(names, dict) and any(entry.get("manager_name") for entry in names.values())


def _text(record: Record, attr: str) -> str:
    value = record.get(attr)
    return "" if value is None else str(value).lower()
