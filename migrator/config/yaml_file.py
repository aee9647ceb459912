"""Strict YAML with line numbers: what YAML 1.1 would silently turn into something else is an error."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml
from yaml import events

from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from migrator.core.model import Json

KeyPath: TypeAlias = tuple[str | int, ...]

FILE: Final = "file:"  # what the name of a file begins with that holds a secret
MAX_BYTES = 1024 * 1024
MAX_YAML_DEPTH = 16

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
# Surprises that PyYAML itself reads as text but other readers do not.
_ODD = re.compile(r"[yYnN]|[-+]?0[0-9]+|0[oO][0-7]+|[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+")
_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")
_QUOTE_IT = "is not plain text in YAML; write it in quotes"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing to correct: its line (from 1), the key it is about, and what to do."""

    line: int
    path: KeyPath
    text: str


@dataclass(slots=True)
class Document:
    """A file's values, with the line of every key and the variables each value was made from.

    `file_names` are the keys whose text begins with `file:` as it is written, and not because of a variable; `origins`
    say where else a value comes from.
    """

    data: Json = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    variables: dict[KeyPath, list[str]] = field(default_factory=dict)
    file_names: set[KeyPath] = field(default_factory=set)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)


def read_document(path: Path, env: Mapping[str, str], optional: Collection[KeyPath] = ()) -> Document:
    """Read a YAML file of one mapping and replace `${NAME}` in its texts.

    Returns:
        The document; values that are wrong are None and named in `problems`.

    Raises:
        ConfigError: the file cannot be read as YAML at all.
    """
    text = _read_text(path)
    try:
        document = _Builder(text, env, optional).build()
    except yaml.MarkedYAMLError as error:
        # `problem` alone: the whole text of the error quotes the line, which may hold a secret.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(f"{path} line {line}: this is not YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unreadable(f"{path} line {line}: control characters are not allowed.") from None
    except _TooDeepError as error:
        raise _unreadable(f"{path} line {error.line}: nested more than {MAX_YAML_DEPTH} levels deep.") from None
    if not document.problems and not isinstance(document.data, dict):
        raise _unreadable(f"{path} line 1: the file must contain the sections docebo: and descope:.")
    return document


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration file {path}.",
            fix=f"Write one with `migrator init {shlex.quote(str(path))}`, or name another file with --config.",
        ) from None
    except OSError as error:
        raise _unreadable(f"The configuration file {path} cannot be read: {error.strerror}.") from None
    if len(raw) > MAX_BYTES:
        raise _unreadable(f"The configuration file {path} is larger than 1 MiB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(f"{path} line {line}: the text is not UTF-8.") from None


def _unreadable(message: str) -> ConfigError:
    return ConfigError(message, fix="Correct the file; `migrator init NEW_FILE` writes an example to compare it with.")


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Builder:
    """Builds the document from PyYAML's events: they still know quotes, tags, anchors and lines."""

    def __init__(self, text: str, env: Mapping[str, str], optional: Collection[KeyPath]) -> None:
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._resolver = yaml.SafeLoader("")
        self._env = env
        self._optional = optional
        self._document = Document()

    def build(self) -> Document:
        """Read all events."""
        documents = 0
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._problem(event, (), "a second document (---) is not allowed")
                    break
            elif isinstance(event, events.NodeEvent):
                self._document.data = self._node(event, ())
        return self._document

    def _problem(self, event: events.Event, path: KeyPath, text: str) -> None:
        self._document.problems.append(ConfigProblem(_line(event), path, text))

    def _node(self, event: events.Event, path: KeyPath) -> Json:
        if len(path) > MAX_YAML_DEPTH:
            raise _TooDeepError(_line(event))
        if isinstance(event, events.AliasEvent):
            self._problem(event, path, "aliases (*) are not allowed; write the value in quotes")
            return None
        self._refuse_decorations(event, path)
        if isinstance(event, events.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(path)
        return self._scalar(event, path)

    def _refuse_decorations(self, event: events.Event, path: KeyPath) -> None:
        if getattr(event, "anchor", None) is not None:
            self._problem(event, path, "anchors (&) are not allowed; write the value in quotes")
        if getattr(event, "tag", None) is not None:
            self._problem(event, path, "tags (!) are not allowed; write the value in quotes")

    def _sequence(self, path: KeyPath) -> list[Json]:
        items: list[Json] = []
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            place = (*path, len(items))
            self._document.lines[place] = _line(event)
            items.append(self._node(event, place))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, Json]:
        values: dict[str, Json] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key = self._key(event, path)
            place = (*path, key)
            if key in values:
                first = self._document.lines[place]
                self._problem(event, place, f"is already set on line {first}")
                self._skip()
                continue
            self._document.lines[place] = _line(event)
            values[key] = self._node(next(self._events), place)
        return values

    def _key(self, event: events.Event, path: KeyPath) -> str:
        """A key's text; one that is no text keeps its place, so that what is under it is checked too."""
        if not isinstance(event, events.ScalarEvent):
            self._problem(event, path, "keys must be plain names")
            self._skip(event)
            return ""
        self._refuse_decorations(event, (*path, event.value))
        if event.style is None and not self._is_text(event.value):
            self._problem(event, (*path, event.value), f"this key {_QUOTE_IT}")
        return event.value

    def _skip(self, event: events.Event | None = None) -> None:
        """Pass over one node without looking at it."""
        depth = 0
        while True:
            event = event or next(self._events)
            depth += isinstance(event, events.CollectionStartEvent) - isinstance(event, events.CollectionEndEvent)
            if depth == 0:
                return
            event = None

    def _scalar(self, event: events.Event, path: KeyPath) -> Json:
        assert isinstance(event, events.ScalarEvent)  # noqa: S101 -- the only node left; tells mypy
        if event.style is not None or self._is_text(event.value):
            return self._filled_in(event, path)
        value = event.value
        if value in _CONSTANTS:
            return _CONSTANTS[value]
        if _INTEGER.fullmatch(value):
            return int(value)
        if _FLOAT.fullmatch(value):
            return float(value)
        self._problem(event, path, f"{_QUOTE_IT}, or as true or false, or as a decimal number")
        return None

    def _is_text(self, value: str) -> bool:
        """Whether every YAML reader takes a plain scalar for the text that it looks like."""
        tag = self._resolver.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]  # types-pyyaml leaves it out
        return tag == "tag:yaml.org,2002:str" and not _ODD.fullmatch(value)

    def _filled_in(self, event: events.ScalarEvent, path: KeyPath) -> str | None:
        """The text with its variables replaced; what they hold is not looked at again."""
        if event.value.startswith(FILE):
            self._document.file_names.add(path)
        pieces: list[str] = []
        end, complete = 0, True
        for found in _VARIABLE.finditer(event.value):
            pieces.append(event.value[end : found.start()])
            end = found.end()
            name = found[1]
            if found[0] == "$${":
                pieces.append("${")
            elif name is None:
                self._problem(event, path, "${ needs a variable's name and }; write $${ for a plain ${")
                complete = False
            elif name not in self._env and path in self._optional:
                pieces.append(found[0])
            elif name not in self._env:
                self._problem(event, path, f"the environment variable {name} is not set")
                complete = False
            else:
                pieces.append(self._env[name])
                self._document.variables.setdefault(path, []).append(name)
        return "".join([*pieces, event.value[end:]]) if complete else None


def _line(event: events.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
