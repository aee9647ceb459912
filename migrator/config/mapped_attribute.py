"""An entry of `mapping.attributes`: the Docebo field, and its values' type in Descope (docs/decisions/0025)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from migrator.config import values
from migrator.config.section import FieldName, Section
from migrator.core.model import AttributeKind, Json  # noqa: TC001 -- pydantic reads the annotations at run time

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler

SELECTS: tuple[AttributeKind, ...] = ("single_select", "multi_select")
Option: TypeAlias = Annotated[str, AfterValidator(values.text), AfterValidator(values.option)]
Options: TypeAlias = Annotated[tuple[Option, ...], Field(strict=False), AfterValidator(values.distinct_options)]


class MappedAttribute(Section):
    """Which Docebo field fills an attribute, and how: `field_4`, or `{field: field_9, type: date}`.

    `options` are what a select attribute may hold; `form` is how dates are sent: as text (2026-01-31), or as the
    seconds or milliseconds from 1970 to that day's midnight in UTC.
    """

    field: FieldName
    type: AttributeKind = "text"
    options: Options = ()
    form: Literal["text", "seconds", "milliseconds"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_a_name(cls, value: Any) -> Any:  # noqa: ANN401 -- not checked yet
        if isinstance(value, str):
            return {"field": values.docebo_field(value)}
        if not isinstance(value, dict):
            raise PydanticCustomError("string_type", "not text")
        return value

    @field_validator("options")
    @classmethod
    def _options_for_selects(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind = info.data.get("type")
        if kind in SELECTS and not value:
            raise ValueError(f"is required with type: {kind}, as in options: [Full time, Part time]")
        if value and kind not in (*SELECTS, None):
            raise ValueError(f"only types {' and '.join(SELECTS)} have options")
        return value

    @field_validator("form")
    @classmethod
    def _form_for_dates(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("type")
        if value is not None and kind not in ("date", None):
            raise ValueError("only type date has a form")
        return "text" if kind == "date" and value is None else value

    @model_serializer(mode="wrap")
    def _as_short_as_written(self, whole: SerializerFunctionWrapHandler) -> Json:
        """A text attribute is its field: so it was before there were types, and no mapping changed with them."""
        if self.type == "text":
            return self.field
        return {name: value for name, value in whole(self).items() if value and (name, value) != ("form", "text")}
