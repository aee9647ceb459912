"""The rules of `mapping.tenants` and `mapping.roles`: for whom each is, and what it gives (docs/decisions/0027)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from migrator.config import values
from migrator.config.section import Section, Text
from migrator.core.grants import Grant, in_order
from migrator.core.member_lists import MemberList
from migrator.core.model import Json, SourceStatus  # noqa: TC001 -- pydantic reads the annotations at run time

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler

Level: TypeAlias = Literal["superadmin", "power_user", "user"]
_FIELD: Final = re.compile(r"field_[0-9]{1,18}")
_EVERYBODY: Final = "status: [active, suspended, expired] holds for everybody"


def _listed(value: Any) -> Any:  # noqa: ANN401 -- not checked yet
    """A list: one value stands for a list of it, and a number for its digits."""
    several = value if isinstance(value, list | tuple) else [value]
    return [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in several]


# strict=False takes YAML's list where a tuple is kept, which cannot change; the items stay strict.
_SEVERAL: Final = (
    Field(strict=False),
    BeforeValidator(_listed),
    AfterValidator(values.some),
    AfterValidator(values.distinct),
)
Texts: TypeAlias = Annotated[tuple[Text, ...], *_SEVERAL]
Domains: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(values.address_domain)], ...], *_SEVERAL]
Roles: TypeAlias = Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(values.distinct)]


class FieldCondition(Section):
    """What an additional field must hold: one of some values, or a text in which a regular expression finds something.

    Exactly one of the two is set.
    """

    one_of: Texts | None = None
    matches: Annotated[str, AfterValidator(values.expression)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_values(cls, value: Any) -> Any:  # noqa: ANN401 -- not checked yet
        if not isinstance(value, dict):
            return {"one_of": value}
        if value.keys() != {"matches"} or value["matches"] is None:
            raise PydanticCustomError("value_error", "", {"error": "must be a value, a list, or {matches: REGEX}"})
        return value

    @model_serializer
    def _as_written(self) -> Json:
        return self.one_of or {"matches": self.matches}


class Conditions(Section):
    """Conditions that must all hold; of the values of one, any. What is None is no condition."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FieldCondition] = Field(init=False)

    email_domain: Domains | None = None
    status: Annotated[tuple[SourceStatus, ...], *_SEVERAL] | None = None
    level: Annotated[tuple[Level, ...], *_SEVERAL] | None = None
    language: Texts | None = None
    multidomain: Texts | None = None
    branch: Texts | None = None
    descendants: bool = False
    group: Texts | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_known_kinds(cls, value: Any) -> Any:  # noqa: ANN401 -- not checked yet
        if not isinstance(value, dict):
            return value
        known = ", ".join(cls.model_fields)
        empty = [[name] for name, wanted in value.items() if wanted is None]
        if empty:  # it would hold for everybody
            raise PydanticCustomError("at", "{text}", {"text": "must say what is wanted", "at": empty})
        unknown = [name for name in value if name not in cls.model_fields and not _FIELD.fullmatch(str(name))]
        if unknown:
            text = f"is not a known condition; known are {known}, and field_N with the number of a field"
            raise PydanticCustomError("at", "{text}", {"text": text, "at": [[name] for name in unknown]})
        if not value.keys() - {"descendants"}:
            raise PydanticCustomError("value_error", "", {"error": f"must name a condition; {_EVERYBODY}"})
        return value

    @field_validator("descendants")
    @classmethod
    def _below_a_branch(cls, value: bool, info: Any) -> bool:  # noqa: ANN401 -- pydantic's own signature
        if value and info.data.get("branch", ()) is None:
            raise ValueError("stands beside branch")
        return value

    @property
    def fields(self) -> dict[str, FieldCondition]:
        """Additional field to what it must hold."""
        return self.__pydantic_extra__

    @property
    def branches(self) -> tuple[MemberList, ...]:
        """The branches of which a user must be in one."""
        return tuple(MemberList("branch", name, self.descendants) for name in self.branch or ())

    @property
    def groups(self) -> tuple[MemberList, ...]:
        """The groups of which a user must be in one."""
        return tuple(MemberList("group", name) for name in self.group or ())

    @model_serializer(mode="wrap")
    def _as_written(self, whole: SerializerFunctionWrapHandler) -> Json:
        """Without what is no condition: a kind of condition that comes later changes no mapping."""
        return {name: value for name, value in whole(self).items() if value}


class _Rule(Section):
    when: Conditions


class TenantRule(_Rule):
    """Puts users into a tenant, with roles there."""

    tenant: Text
    roles: Roles = ()

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What it gives."""
        return in_order([Grant(self.tenant), *(Grant(self.tenant, role) for role in self.roles)])


class RoleRule(_Rule):
    """Gives users roles of the project."""

    roles: Annotated[Roles, AfterValidator(values.some)]

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What it gives."""
        return in_order(Grant("", role) for role in self.roles)
