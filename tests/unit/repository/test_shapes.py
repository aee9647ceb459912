"""How many shapes one user has on its way from Docebo to Descope: seven, and no eighth by another name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import migrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.users.stored_user import StoredUser

# Every class that is one user, or what is known of one, and which shape it belongs to: base, parts and JSON included.
SHAPES = {
    "DoceboRecord": "record",
    "PlainFields": "target user",
    "TargetUser": "target user",
    "Ready": "target user",  # or Rejected: what a record became
    "Rejected": "target user",
    "StoredUser": "stored user",
    "PlannedAction": "planned action",
    "_Task": "planned action",  # with both users, while it is done
    "_Outcome": "outcome",
    "UserCreated": "outcome",
    "UserUpdated": "outcome",
    "UserRefused": "outcome",
    "UserGivenUp": "outcome",
    "UserInConflict": "outcome",
    "UserUnknown": "outcome",
    "UserNotSent": "outcome",
    "DescopeUser": "Descope user",
    "Difference": "difference",
    "DifferenceDocument": "difference",
}
# Classes that name a user without being one.
ENTRIES = {
    "DecisionLine": "a line of a file that a person filled in",
    "Failure": "an entry of a batch answer",
    "MappingConfig": "the configuration's keys for the fields of all users",
    "PersonView": "the shapes of one person side by side, for a person to look at",
    "PersonDocument": "the same in JSON",
    "MatchedUser": "the entries of a batch answer that are about one login id",
    "SparedDocument": "an entry of an undo's document",
    "SignInAnswer": "what the flow is told about a name",
    "RefusedAlone": "an attempt, like its sisters that have several users",
}
# What tells one user from others, in Docebo, in Descope and between them.
IDS = {"user_id", "docebo_user_id", "target_id", "descope_id", "descope_user_id", "login_id", "login_ids"}
MOST = 7
OUTSIDE = ("migrator.sandbox", "migrator.__main__")


def our_classes() -> Iterator[type]:
    """Every class of the program, the private ones too, but those of the sandbox."""
    for module in pkgutil.walk_packages(migrator.__path__, "migrator."):
        if not module.name.startswith(OUTSIDE):
            held = vars(importlib.import_module(module.name)).values()
            yield from (one for one in held if inspect.isclass(one) and one.__module__ == module.name)


def attributes(one: type) -> dict[str, str]:
    """The names of a class's fields, properties and parameters, its bases' too, with their types as written."""
    told: dict[str, str] = {}
    for base in reversed(one.__mro__):
        told |= {
            name: getattr(kind, "__forward_arg__", str(kind)) for name, kind in inspect.get_annotations(base).items()
        }
        told |= {name: "" for name, held in vars(base).items() if isinstance(held, property | cached_property)}
    init = inspect.getattr_static(one, "__init__", None)
    made = init if inspect.isfunction(init) else None
    given = inspect.signature(made).parameters.values() if made else ()
    return told | {each.name: str(each.annotation) for each in given if each.name in IDS}


def is_shape(one: type) -> bool:
    """Whether it has what tells a user from others, or holds a single user of another shape."""
    kinds = [set(re.split(r"\s*\|\s*", kind.strip("'\""))) - {"None"} for kind in attributes(one).values()]
    return bool(IDS & attributes(one).keys()) or any(kind and kind <= SHAPES.keys() | {"Normalized"} for kind in kinds)


def test_a_user_has_seven_shapes() -> None:
    assert len(set(SHAPES.values())) <= MOST


def test_every_class_that_is_a_user_is_one_of_them() -> None:
    """Whoever adds a class with a user's id, or around a user, has to say which shape it is."""
    named = {one.__name__ for one in our_classes() if is_shape(one)}

    # These two are known by what they are, not by a field: a decoded record, and the fields that two others share.
    assert named | {"DoceboRecord", "PlainFields"} == SHAPES.keys() | ENTRIES.keys()


def test_a_class_with_an_id_or_a_user_inside_counts() -> None:
    """Whatever it is called, and whether it is a dataclass or not."""

    class Plain:
        def __init__(self, target_id: str) -> None:
            self.target_id = target_id

    class Shown:
        @property
        def login_id(self) -> str:
            return ""

    class Around:
        person: StoredUser | None

    class Named(NamedTuple):
        person: StoredUser

    class Many:
        people: tuple[StoredUser, ...]

    assert [is_shape(one) for one in (Plain, Shown, Around, Named, Many)] == [True, True, True, True, False]
