"""Field coverage: what Docebo's fields hold, where each goes, and what could be mapped besides.

Only names, counts and kinds leave this module, never anybody's value.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import islice
from types import NoneType
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.runs import last_details
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.report_rows import raw_records
from migrator.core.fields import ATTRIBUTE, LOGIN_ID, PHONE
from migrator.core.grants import ROLES, TENANTS
from migrator.core.model import OUR_ATTRIBUTES
from migrator.docebo.record import ADDITIONAL_PREFIX, BECOMES, CHOOSES, NOT_FOR_DESCOPE, holds_date, is_additional
from migrator.normalize.rules import fields_asked
from migrator.report.coverage import value_types
from migrator.report.coverage.mapping_proposal import propose_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.mapped_attribute import MappedAttribute
    from migrator.config.schema import MappingConfig
    from migrator.core.model import Json
    from migrator.report.document import FieldCoverage, FieldRow, SeenField

MOST_FIELDS = 1000
OTHER_NAMES = "(other names)"
_AT_ONCE = 500  # records
LONGEST_WORD = 10  # longer than every text that stands for something else
# Anything else as a key may be a value in the wrong place.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclass(slots=True)
class FieldStats:
    """What one field held so far."""

    seen: int = 0
    filled: int = 0
    kinds: int = 0


@dataclass(slots=True)
class Scan:
    """What all records held."""

    records: int = 0
    fields: dict[str, FieldStats] = field(default_factory=dict)


def field_coverage(checkpoint: Checkpoint, mapping: MappingConfig, titles: Mapping[str, str]) -> FieldCoverage:
    """The coverage as a JSON document.

    Records of users who arrived are erased, so an earlier look that saw more of them is kept.
    """
    found = count_users(checkpoint).found
    before: FieldCoverage = last_details(checkpoint).get("xray") or {"records": 0, "fields": [], "proposal": ""}
    now = scan_records(raw_records(checkpoint))
    names = {one["name"]: one["title"] for one in before.get("fields", ()) if one["title"]} | dict(titles)
    if now.records < min(found, before.get("records", 0)):
        rows: list[SeenField] = [*before["fields"]]
        records = before["records"]
    else:
        rows = [
            {"name": name, "seen": held.seen, "filled": held.filled, "kind": value_types.name_of(held.kinds)}
            for name, held in now.fields.items()
        ]
        records = now.records
    fields = [_placed(row, mapping, names) for row in rows]
    fields.sort(key=lambda one: (not one["goes"], _order(one["name"])))
    return {"records": records, "fields": fields, "proposal": propose_mapping(fields, records, mapping)}


def scan_records(texts: Iterable[str]) -> Scan:
    """Look at every value of every record, at those that several records share once."""
    result = Scan()
    texts = iter(texts)
    while some := list(islice(texts, _AT_ONCE)):
        result.records += len(some)
        # Nearly all records have the same fields: their values stand in columns then.
        alike: dict[tuple[str, ...], list[Iterable[Json]]] = defaultdict(list)
        for record in json.loads(f"[{','.join(some)}]"):
            if isinstance(record, dict):
                alike[tuple(record)].append(record.values())
        for keys, rows in alike.items():
            for key, column in zip(keys, zip(*rows, strict=True), strict=True):
                _look_at(result.fields.get(key) or _new(result.fields, key), key, column)
    return result


def _look_at(held: FieldStats, key: str, column: Sequence[Json]) -> None:
    held.seen += len(column)
    is_date = holds_date(key)
    for value, times in _counted(column):
        kind = _kind_of(held, value, is_date=is_date)
        if kind:
            held.filled += times
            held.kinds |= kind


def _counted(column: Sequence[Json]) -> Iterable[tuple[Json, int]]:
    """Each value with how often it is there; values of several types one by one, as 1 and 1.0 and true are equal."""
    types = set(map(type, column)) - {NoneType}
    if types & {list, dict} or len(types) > 1:
        return ((value, 1) for value in column)
    return Counter(column).items()


def _kind_of(held: FieldStats, value: Json, *, is_date: bool) -> int:
    if value is None:
        return 0
    # A field that has shown a text stays a text: a longer value that begins with a letter needs no closer look.
    if held.kinds & value_types.TEXT and type(value) is str and len(value) > LONGEST_WORD and value[:1].isalpha():
        return value_types.TEXT
    return value_types.kind_of(value, is_date=is_date)


def _new(fields: dict[str, FieldStats], key: str) -> FieldStats:
    known = _NAME.fullmatch(key) and len(fields) < MOST_FIELDS
    return fields.setdefault(key if known else OTHER_NAMES, FieldStats())


def _placed(row: SeenField, mapping: MappingConfig, titles: Mapping[str, str]) -> FieldRow:
    name = row["name"]
    goes = destinations(name, mapping)
    return {
        "name": name,
        "title": titles.get(name, ""),
        "goes": goes,
        "why": "" if goes else why_nowhere(name),
        "seen": row["seen"],
        "filled": row["filled"],
        "kind": row["kind"],
    }


def destinations(name: str, mapping: MappingConfig) -> list[str]:
    """Where a field's value goes in Descope, by this mapping."""
    goes = [LOGIN_ID] if name == mapping.login_id else []
    if name in BECOMES:
        goes.append(BECOMES[name].replace(ATTRIBUTE, "custom attribute "))
    if name in mapping.extra_login_ids:
        goes.append("extra login id")
    if name == mapping.phone_field:
        goes.append(PHONE)
    mapped = ((target, one) for target, one in mapping.attributes.items() if target not in OUR_ATTRIBUTES)
    goes += [_attribute_words(target, one) for target, one in mapped if one.field == name]
    if any(name in fields_asked(rule) for rule in mapping.rules):
        goes.append(f"asked by rules for {TENANTS if mapping.tenants else ROLES}")
    return goes


def _attribute_words(name: str, attribute: MappedAttribute) -> str:
    return f"custom attribute {name}" + ("" if attribute.type == "text" else f" ({attribute.type})")


def why_nowhere(name: str) -> str:
    """Why a field goes nowhere."""
    if name in CHOOSES:
        return f"not used by Descope; only policy.duplicate_email: {CHOOSES[name]} looks at it"
    return "not used by Descope" if name in NOT_FOR_DESCOPE else "not mapped"


def _order(name: str) -> tuple[int, str]:
    return (int(name.removeprefix(ADDITIONAL_PREFIX)) if is_additional(name) and len(name) < 20 else -1, name)  # noqa: PLR2004 -- a number int() reads at once
