"""The configuration's errors in plain English: file, line, key and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args, get_origin

from pydantic import BaseModel

from migrator.config.yaml_file import ConfigProblem, Document, KeyPath
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_TEXTS = {
    "missing": "is required",
    "string_type": "must be text; write it in quotes",
    "string_unicode": "must be valid Unicode text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must be a mapping of keys",
    "model_type": "must be a mapping of keys",
}


def schema_problems(error: ValidationError, document: Document, model: type[BaseModel]) -> list[ConfigProblem]:
    """The schema's complaints, without those about values that are already known to be wrong."""
    wrong = {problem.path for problem in document.problems}
    return [
        ConfigProblem(_line(path, document), path, text + _origin(path, document))
        for details in error.errors(include_url=False, include_input=False)
        for path, text in ((_as_written(below, document), text) for below, text in _explain(details, model))
        if not any(path[:length] in wrong for length in range(len(path) + 1))
    ]


def _as_written(path: KeyPath, document: Document) -> KeyPath:
    """The path without steps that the schema added, because one value stands for a list of it."""
    written: KeyPath = ()
    for number, step in enumerate(path, 1):
        is_missing = number == len(path) and isinstance(step, str)
        if (*written, step) in document.lines or is_missing:
            written = (*written, step)
    return written


def _explain(details: ErrorDetails, model: type[BaseModel]) -> Iterator[tuple[KeyPath, str]]:
    path: KeyPath = details["loc"]
    kind, context = details["type"], details.get("ctx", {})
    if path and path[-1] == "[key]":  # pydantic's word for "the key itself"
        path = path[:-1]
        kind = "extra_key" if kind == "literal_error" else kind
    if kind == "at":
        yield from (((*path, *below), context["text"]) for below in context["at"])
    elif kind == "value_error":
        yield path, str(context["error"])
    elif kind == "literal_error":
        yield path, f"must be {context['expected'].replace(chr(39), '')}"
    elif kind == "extra_key":
        yield path, f"is not a known key; known keys are {context['expected'].replace(chr(39), '')}"
    elif kind == "extra_forbidden":
        yield path, f"is not a known key; known keys are {', '.join(_known_keys(path[:-1], model))}"
    else:
        yield path, _TEXTS.get(kind, "is not valid")


def _known_keys(path: KeyPath, model: type[BaseModel]) -> list[str]:
    steps = iter(path)
    for step in steps:
        section = model.model_fields[str(step)].annotation
        if get_origin(section) in (dict, tuple):  # its keys are anybody's, its values sections
            section = get_args(section)[get_origin(section) is dict]
            next(steps, None)
        if isinstance(section, type) and issubclass(section, BaseModel):
            model = section
    return list(model.model_fields)


def _line(path: KeyPath, document: Document) -> int:
    """The key's line, or that of the nearest key around it when it is missing."""
    for length in range(len(path), 0, -1):
        if path[:length] in document.lines:
            return document.lines[path[:length]]
    return 1


def _origin(path: KeyPath, document: Document) -> str:
    names = document.variables.get(path, ())
    origin = document.origins.get(path) or (names and f"comes from the environment: {', '.join(names)}")
    return f" (the value {origin})" if origin else ""


def report_problems(file: Path, problems: Iterable[ConfigProblem]) -> ConfigError:
    """One error for all that is wrong in a file, one line for each, in the file's order."""
    ordered = sorted(set(problems), key=lambda problem: (problem.line, str(problem.path), problem.text))
    lines = [f"{file} line {problem.line}: {_name(problem.path)}{problem.text}" for problem in ordered]
    fix = "Correct what is named above; `migrator init NEW_FILE` writes an example that explains every key."
    if any("environment variable" in problem.text for problem in ordered):
        fix += " Set missing variables with: export NAME=value."
    return ConfigError("\n".join(lines), fix=fix)


def _name(path: Sequence[str | int]) -> str:
    """The dotted name of a key; what could disturb a terminal is shown escaped."""
    name = ""
    for step in path:
        shown = f"[{step}]" if isinstance(step, int) else step if step.isprintable() else ascii(step)
        name += shown if isinstance(step, int) or not name else f".{shown}"
    return f"{name}: " if name else ""
