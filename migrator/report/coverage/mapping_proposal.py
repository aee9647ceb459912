"""Attribute names for fields nobody mapped, as YAML to paste. Pure."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain, count
from typing import TYPE_CHECKING

import yaml

from migrator.config.values import attribute_name
from migrator.docebo.record import ADDITIONAL_PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from migrator.config.schema import MappingConfig
    from migrator.core.model import AttributeKind
    from migrator.report.document import FieldRow

ATTRIBUTE_NAME_LIMIT = 20
TITLE_LIMIT = 60
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")
_NO_ATTRIBUTE = ("list", "object")  # the normalizer leaves them out

# The attribute's type by the kind of the field's values (`value_types.name_of`); every other kind is text.
ATTRIBUTE_TYPES: Mapping[str, AttributeKind] = {
    "integer": "number",
    "number": "number",
    "boolean-like": "boolean",
    "date": "date",
}


def propose_mapping(fields: Sequence[FieldRow], records: int, mapping: MappingConfig) -> str:
    """Lines for `mapping.attributes`: each additional field that is filled somewhere and goes nowhere."""
    taken = {name.casefold() for name in mapping.attributes}
    lines = []
    for one in fields:
        wanted = one["filled"] and not one["goes"] and one["name"].startswith(ADDITIONAL_PREFIX)
        if not wanted or one["kind"] in _NO_ATTRIBUTE:
            continue
        name = attribute_for(one["title"], one["name"], taken)
        taken.add(name.casefold())
        title = f"{_one_line(one['title'])}: " if one["title"] else ""
        kind = ATTRIBUTE_TYPES.get(one["kind"])
        value = f"{{field: {one['name']}, type: {kind}}}" if kind else one["name"]
        lines.append(f"    {_key(name)}: {value}  # {title}{one['kind']}, {percentage(one['filled'], records)} filled")
    return "\n".join(lines) + "\n" if lines else ""


def attribute_for(title: str, field: str, taken: Collection[str]) -> str:
    """A free attribute name from a field's title; from the field's own name where the title gives none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    word = _NOT_IN_NAME.sub("_", plain).strip("_")
    if not word[:1].isalpha():
        word = field
    own = field.removeprefix("field")
    # The title alone, then with the field's number; a third try is needed only beside names chosen by hand.
    endings = chain(("", own), (f"{own}_{number}" for number in count(2)))
    names = (word[: ATTRIBUTE_NAME_LIMIT - len(ending)].rstrip("_") + ending for ending in endings)
    return next(name for name in names if _is_free(name, taken))


def _is_free(name: str, taken: Collection[str]) -> bool:
    try:
        attribute_name(name)
    except ValueError:
        return False
    return name.casefold() not in taken


def _key(name: str) -> str:
    """As YAML reads it back: `no` and `null` need quotes."""
    return name if yaml.safe_load(name) == name else f'"{name}"'


def _one_line(title: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(shown.split())[:TITLE_LIMIT]


def percentage(part: int, whole: int) -> str:
    """A percentage that says 0 % and 100 % only when it is."""
    if not part or not whole or part == whole:
        return "100 %" if part else "0 %"
    percent = 100 * part / whole
    return "< 1 %" if percent < 1 else f"{min(99, round(percent))} %"
