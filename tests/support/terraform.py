"""What a Terraform file says, held against the documentation of a provider."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import hcl2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Body: TypeAlias = dict[str, Any]
META = {"count", "depends_on", "for_each", "lifecycle", "provider"}  # Terraform's own, of every resource
_PLAIN = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
_NESTED = re.compile(r"### Nested Schema for `(.+)`")
_NEED = re.compile(r"(?:### )?(Required|Optional|Read-Only):?")
_ATTRIBUTE = re.compile(r"- `(\w+)` \(([^)]+)\)")
_KINDS: Mapping[str, type | tuple[type, ...]] = {"String": str, "Boolean": bool, "Number": (int, float)}


@dataclass(frozen=True, slots=True)
class Documented:
    """One attribute as the provider's page has it.

    Args:
        need: `Required`, `Optional` or `Read-Only`.
        kind: what stands in brackets, such as `String, Sensitive`.
    """

    need: str
    kind: str


@dataclass(frozen=True, slots=True)
class Module:
    """All files of a folder as one: `resources` by (type, name)."""

    resources: dict[tuple[str, str], Body] = field(default_factory=dict)
    variables: dict[str, Body] = field(default_factory=dict)
    outputs: dict[str, Body] = field(default_factory=dict)
    local_values: Body = field(default_factory=dict)
    blocks: set[str] = field(default_factory=set)


def read_module(*texts: str) -> Module:
    """The blocks of these files."""
    module = Module()
    for text in texts:
        parsed = hcl2.loads(text, serialization_options=_PLAIN)
        module.blocks.update(parsed)
        for kind, named in _pairs(parsed.get("resource", [])):
            module.resources.update({(kind, name): body for name, body in named.items()})
        module.variables.update(_pairs(parsed.get("variable", [])))
        module.outputs.update(_pairs(parsed.get("output", [])))
        module.local_values.update(_pairs(parsed.get("locals", [])))
    return module


def read_documentation(page: Path) -> dict[str, Documented]:
    """The attributes of a resource, those of nested ones by their path: `authentication.bearer_token`."""
    found: dict[str, Documented] = {}
    prefix = need = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if nested := _NESTED.fullmatch(line):
            prefix = f"{nested[1]}."
        elif heading := _NEED.fullmatch(line):
            need = heading[1]
        elif attribute := _ATTRIBUTE.match(line):
            found[prefix + attribute[1]] = Documented(need, attribute[2])
    return found


def mistakes(body: Body, documented: Mapping[str, Documented], prefix: str = "") -> list[str]:
    """What the provider would refuse in a resource, or in an object inside one, each with the attribute's path."""
    given = {name for name in body if prefix or name not in META}
    level = {
        path.removeprefix(prefix): one
        for path, one in documented.items()
        if path.startswith(prefix) and "." not in path.removeprefix(prefix)
    }
    found = [
        f"{prefix}{name}: is missing" for name, one in level.items() if one.need == "Required" and name not in given
    ]
    for name in sorted(given):
        one = level.get(name)
        if one is None:
            found.append(f"{prefix}{name}: no such attribute")
        elif one.need == "Read-Only":
            found.append(f"{prefix}{name}: cannot be set")
        else:
            found += _of_value(body[name], one.kind, documented, f"{prefix}{name}")
    return found


def secrets_of(body: Body, documented: Mapping[str, Documented], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The path and value of everything that the provider calls sensitive."""
    for name, value in body.items():
        path = prefix + name
        if path in documented and documented[path].kind.endswith("Sensitive"):
            yield path, value
        elif isinstance(value, dict):
            yield from secrets_of(value, documented, f"{path}.")


def references(value: Any) -> Iterator[str]:
    """Every `a.b` or `a.b.c` inside the expressions of a value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
    elif isinstance(value, str):
        for expression in re.findall(r"\$\{([^}]*)\}", value):
            yield from re.findall(r"\b[a-z_]+(?:\.[a-z_]+)+", expression)


def _of_value(value: Any, kind: str, documented: Mapping[str, Documented], path: str) -> list[str]:
    """What is wrong with a value of this kind; an expression may be anything."""
    kind = kind.removesuffix(", Sensitive")
    if isinstance(value, str) and value.startswith("${"):
        return []
    if kind in ("Attributes", "Attributes List"):
        objects = value if kind == "Attributes List" else [value]
        if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
            return [f"{path}: is no {kind}"]
        return [error for one in objects for error in mistakes(one, documented, f"{path}.")]
    wanted = _KINDS.get(kind, dict if kind.startswith("Map of") else list)
    is_right = isinstance(value, wanted) and (kind == "Boolean" or not isinstance(value, bool))
    return [] if is_right else [f"{path}: is no {kind}"]


def _pairs(blocks: list[Body]) -> Iterator[tuple[str, Any]]:
    return ((name, body) for block in blocks for name, body in block.items())
