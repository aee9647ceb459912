"""What a Descope user must look like, computed from the target profile alone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.core.grants import Grant
    from migrator.core.model import Json, TargetUser
    from migrator.descope.user import DescopeUser

# Field of a Descope user object -> its place in target and client. Written again on purpose: verification is
# the independent proof, so a field that is wrong in `core.fields` must not be wrong here, too.
_PLAIN = {
    "name": "name",
    "givenName": "given_name",
    "familyName": "family_name",
    "picture": "picture",
    "status": "status",
    "phone": "phone",
}


def single_fields(target: TargetUser, user: DescopeUser) -> Iterator[tuple[str, Json, Json]]:
    """Name, expected and found value of each single-valued field; fields that are empty in the source are left out."""
    for name, place in _PLAIN.items():
        if wanted := getattr(target, place):
            yield name, wanted, getattr(user, place)


def expected_attributes(target: TargetUser, user: DescopeUser) -> Iterator[tuple[str, Json, Json]]:
    """The same for the custom attributes, including the mark; found is None if there is none."""
    for name, wanted in target.attributes.items():
        if wanted not in ("", None):
            yield name, wanted, user.attributes.get(name)


def expected_grants(target: TargetUser, user: DescopeUser) -> Iterator[tuple[Grant, bool, bool]]:
    """Each tenant and role, and whether the user has it, or others of the kind."""
    for grant in target.grants:
        yield grant, grant in user.grants, any(one.rule == grant.rule for one in user.grants)
