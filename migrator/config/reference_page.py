"""The page `docs/configuration.md`, made from `config.example.yaml` and the schema. Pure."""

from __future__ import annotations

import re
import sys
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args, get_origin

from migrator.config.schema import Config
from migrator.core.packaging import packaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

_HEAD: Final = """\
# Configuration

<!-- Made from the code: python -m migrator.config.reference_page > docs/configuration.md -->

One YAML file, validated as a whole before anything happens; unknown or duplicate keys and bad values are errors that
name the line. `migrator init` writes it with the comments that stand here, and `migrator check` tries it.
"""
_COMMENT = re.compile(r" *# ?(.*)")
_KEY = re.compile(r"  ([a-z_]+): *(.*)")


class _Key(NamedTuple):
    """A key of a section: its comment's lines, the value in the example, and the lines below it."""

    name: str
    comment: list[str]
    value: str
    below: list[str]


def render_reference() -> str:
    """The page as Markdown, newline at the end."""
    head, *sections = packaged("config.example.yaml").read_text(encoding="utf-8").split("\n\n")
    rules = head.partition("\n#\n")[2].splitlines()
    lines = [*_prose(_COMMENT.sub(r"\1", line) for line in rules)]
    lines += (line for section in sections for line in _section(section.splitlines()))
    return "\n".join([_HEAD, *lines]).rstrip() + "\n"


def _section(lines: list[str]) -> Iterator[str]:
    name, _, about = lines[0].partition(":")
    yield from (f"## {name}", "")
    if about := about.lstrip(" #"):
        yield from (f"{about[0].upper()}{about[1:]}.", "")
    section: type[BaseModel] = Config.model_fields[name].annotation  # type: ignore[assignment] # each is a model
    for key in _keys(lines[1:]):
        yield from (f"### {name}.{key.name}", "")
        yield from _facts(key, section.model_fields[key.name])
        yield from _prose(key.comment)


def _keys(lines: list[str]) -> Iterator[_Key]:
    """The keys of a section; one without a comment shares that of the key above it."""
    comment: list[str] = []
    known: _Key | None = None
    for line in lines:
        if said := _COMMENT.fullmatch(line):
            if known is not None:
                yield known
                known, comment = None, []
            comment.append(said[1])
        elif found := _KEY.fullmatch(line):
            if known is not None:
                yield known
            known = _Key(found[1], comment, found[2], [])
        elif known is not None:
            known.below.append(line[4:])
    if known is not None:
        yield known


def _facts(key: _Key, field: FieldInfo) -> Iterator[str]:
    """What is there when nothing is written, or an example; and between which words there is a choice."""
    example = field.is_required() or (field.default is None and key.value != "null")
    word = "Example" if example else "Default"
    if key.below:
        yield from (f"{word}:", "", "```yaml", *key.below, "```", "")
    else:
        yield from (f"{word}: `{key.value}`", "")
    if choices := _choices(field.annotation):
        yield from (f"Values: {', '.join(f'`{one}`' for one in choices)}", "")


def _choices(annotation: object) -> list[str]:
    """The words that a type allows, its lists' items and its mappings' values among them."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    inner = get_args(annotation)
    return [one for part in (inner[-1:] if get_origin(annotation) is dict else inner) for one in _choices(part)]


def _prose(comment: Iterable[str]) -> Iterator[str]:
    """A comment as Markdown: its indented lines are YAML."""
    for indented, lines in groupby(comment, key=lambda line: line.startswith("  ")):
        if indented:
            yield from ("```yaml", *(line.removeprefix("  ") for line in lines), "```", "")
        else:
            yield from (*lines, "")


if __name__ == "__main__":
    sys.stdout.write(render_reference())
