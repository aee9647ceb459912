"""What every JSON document is held to: it names its shape, and is as the JSON Schema of that shape says."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from migrator.cli.documents import json_schemas


@cache
def validators() -> dict[str, Draft202012Validator]:
    """One for each document, by its name."""
    return {name: Draft202012Validator(schema) for name, schema in json_schemas().items()}


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document; fails unless it is what it says it is."""
    validators()[document["schema"]].validate(document)
    return document
