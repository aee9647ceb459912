"""The parameters of the list endpoints: known names and values only, everything else is a 400."""

from __future__ import annotations

import json
import operator
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from migrator.sandbox.docebo.answers import PlatformError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.sandbox.people import Record


class ListQuery(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    page: int = Field(1, ge=0)
    page_size: int = Field(200, ge=1)

    @property
    def counts(self) -> bool:
        """Whether the total is asked for."""
        return False

    @property
    def sort(self) -> list[dict[str, str]]:
        """The order, as the envelope shows it."""
        return []


class CursorQuery(ListQuery):
    """A list that makes a cursor when asked."""

    get_cursor: bool = False
    cursor: str = ""


class CountedQuery(ListQuery):
    """A list that is counted when asked."""

    get_total_count: bool = False

    @property
    def counts(self) -> bool:
        """Whether the total is asked for."""
        return self.get_total_count


class UserQuery(CursorQuery, CountedQuery):
    """Parameters of `GET /manage/v1/user` (docs/contract/docebo.md 2.1).

    `updated_from`, `not_paginated` and `field_N=` are not simulated: naming one is refused rather than ignored.
    """

    search_text: str = ""
    match_type: Literal["full"] | None = None
    sort_attr: Literal[
        "username",
        "first_name",
        "status",
        "level",
        "email",
        "last_access_date",
        "expiration_date",
        "language",
        "email_validation_status",
    ] = "first_name"
    sort_dir: Literal["asc", "desc"] = "desc"
    pending: bool = False
    branch_id: int | None = None
    selection_status: Literal["1", "2"] = "1"
    exclude: list[str] = []
    exclude_power_users_and_super_admins: bool = False
    filters: str = "[]"
    active: Literal["true", "1"] | None = None

    @property
    def sort(self) -> list[dict[str, str]]:
        """The order, as the envelope shows it."""
        return [{"sort_attr": self.sort_attr, "sort_dir": self.sort_dir}]


class BranchQuery(CursorQuery):
    """Parameters of `GET /manage/v1/orgchart` (docs/contract/docebo.md 5).

    `lang`, `get_actions`, `preselected` and `search_type` are not simulated.
    """

    node_id: int | None = None
    search_text: str = ""
    flattened: bool = False


class BranchMemberQuery(CountedQuery):
    """Parameters of `GET /manage/v1/orgchart/{id}/users` (docs/contract/docebo.md 5)."""

    only_first_level: bool = False


class GroupQuery(CountedQuery):
    """Parameters of the lists of groups and of their members: no source names any but those of the envelope."""


class FieldQuery(BaseModel):
    """Parameters of `GET /manage/v1/user_fields` (docs/contract/docebo.md 4)."""

    model_config = ConfigDict(extra="forbid")

    page: int = Field(1, ge=1)
    page_size: int = Field(200, ge=1)
    sort_attr: Literal["id", "title"] = "id"
    sort_dir: Literal["asc", "desc"] = "asc"
    get_total_count: bool = False
    no_pagination: bool = False
    as_array: bool = False


Query = TypeVar("Query", bound=BaseModel)


def parameters(query_string: str, body: Any) -> dict[str, Any]:  # noqa: ANN401 -- any JSON value
    """Parameters of the query string, and of a GET body where one was sent (docs/contract/docebo.md 2.1).

    PHP's array form `name[]=1` gives a list under `name`.
    """
    found: dict[str, Any] = dict(body) if isinstance(body, dict) else {}
    lists: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        if name.endswith("[]"):
            lists.setdefault(name[:-2], []).append(value)
        else:
            found[name] = value
    return found | lists


def parse(model: type[Query], values: Mapping[str, Any]) -> Query:
    """The checked parameters.

    Raises:
        PlatformError: 400, naming the first parameter that is wrong.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise PlatformError(400, f"Invalid parameter {name}: {first['msg']}", 1002) from None


_SEARCHED: Final = ("first_name", "last_name", "username", "email")
_FILTERABLE: Final = (*_SEARCHED, "status", "level", "language")

_OPTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "like": operator.contains,
    "contains": operator.contains,
    "not_contains": lambda text, value: value not in text,
    "not_equal": operator.ne,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "not_start_with": lambda text, value: not text.startswith(value),
    "not_end_with": lambda text, value: not text.endswith(value),
    "is_empty": lambda text, _value: not text,
    "not_empty": lambda text, _value: bool(text),
}


def select(records: list[Record], query: UserQuery) -> list[Record]:
    """The records that search, filters and exclusions leave, in their order."""
    tests = [*_search(query), *_filters(query.filters)]
    if query.active:
        tests.append(lambda record: record.get("status") == "1")
    if query.exclude:
        tests.append(lambda record: str(record.get("user_id")) not in query.exclude)
    if query.exclude_power_users_and_super_admins:
        tests.append(lambda record: record.get("level") == "user")
    if not tests:
        return records
    return [record for record in records if all(test(record) for test in tests)]


def _search(query: UserQuery) -> list[Callable[[Record], bool]]:
    wanted = query.search_text.strip().lower()
    if not wanted:
        return []
    if query.match_type == "full":
        return [lambda record: any(_text(record, key) == wanted for key in _SEARCHED)]
    return [lambda record: any(wanted in _text(record, key) for key in _SEARCHED)]


def _filters(text: str) -> list[Callable[[Record], bool]]:
    """One test per one-key object such as `{"field_7": {"option": "like", "value": "Yes"}}`."""
    try:
        return [_filter(*pair) for entry in json.loads(text) for pair in entry.items()]
    except (ValueError, TypeError, AttributeError, KeyError):
        raise PlatformError(400, "Invalid parameter filters", 1002) from None


def _filter(key: str, condition: Mapping[str, Any]) -> Callable[[Record], bool]:
    if key not in _FILTERABLE and not key.startswith("field_"):
        raise KeyError(key)
    compare = _OPTIONS[condition["option"]]
    value = str(condition.get("value", "")).lower()
    return lambda record: compare(_text(record, key), value)


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    return "" if value is None else str(value).lower()
