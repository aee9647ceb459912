"""What the sections of the configuration have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, PrivateAttr, SecretStr
from pydantic_core import PydanticCustomError

from migrator.config import values
from migrator.core.model import canonical_json, text_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.config.yaml_file import KeyPath

_STEP = re.compile(r"\[[0-9]+|[^.\[\]]+")  # of a dotted name

Text: TypeAlias = Annotated[str, AfterValidator(values.text)]
Secret: TypeAlias = Annotated[SecretStr, AfterValidator(values.secret)]
FieldName: TypeAlias = Annotated[str, AfterValidator(values.docebo_field)]


def problem_at(text: str, *keys: list[str]) -> PydanticCustomError:
    """A complaint about several keys below the one that is checked."""
    return PydanticCustomError("at", "{text}", {"text": text, "at": keys})


def folder_of(context: Mapping[str, Any] | None) -> Path:
    """The folder that relative paths start from: the configuration file's own."""
    path: Path = (context or {}).get("path", Path("config.yaml"))
    return path.absolute().parent


class Section(BaseModel):
    """A section: frozen, with no key that it does not know, and no value of another type."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, hide_input_in_errors=True
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """A file and the lines of its keys. Equal to any other: where a value is written is no part of it."""

    path: Path = field(default=Path("config.yaml"), compare=False)
    lines: Mapping[KeyPath, int] = field(default_factory=dict, compare=False)


class PlacedSection(Section):
    """A section that can say where the file sets its keys."""

    _places: _Places = PrivateAttr(default=_Places())

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 -- pydantic's own signature
        """Remember which file this came from, and the lines of its keys."""
        if context:
            self._places = _Places(context["path"], context["lines"])

    def place_of(self, key: str) -> str:
        """A key by its dotted name, with file and line where it is set: `run.concurrency (config.yaml, line 7)`.

        An item of a list is named by its number: `mapping.tenants[0].tenant`.
        """
        path = tuple(int(step[1:]) if step[0] == "[" else step for step in _STEP.findall(key))
        line = self._places.lines.get(path)
        return f"{key} ({self._places.path}, line {line})" if line else key


class LimitedSection(PlacedSection):
    """A section with rate limits, a share of which may stay free for others."""

    _leave: float = PrivateAttr(default=0.0)

    @property
    def leave(self) -> float:
        """The share of every rate limit that stays free, 0 to 0.9."""
        return self._leave

    def leaving(self, share: float) -> Self:
        """The same section with this share of its limits free for others."""
        section = self.model_copy()
        section._leave = share  # noqa: SLF001 -- its own class
        return section


class FingerprintedSection(Section):
    """A section whose change matters to a checkpoint."""

    def to_json(self) -> str:
        """The section's values: equal sections give equal texts."""
        return canonical_json(self.model_dump(mode="json"))

    def fingerprint(self) -> str:
        """SHA-256 of the values, without secrets, as 64 hex digits."""
        return text_hash(self.to_json())
