"""What every section of the configuration has in common."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict

from migrator.config import values

FieldName: TypeAlias = Annotated[str, AfterValidator(values.docebo_field)]


class Section(BaseModel):
    """Read once and never changed; unknown keys are errors, no value is converted, and no error repeats one."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, hide_input_in_errors=True
    )
