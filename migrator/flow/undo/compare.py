"""What of a user is other than this migration left it. Pure; from hashes alone, as profiles may be erased."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from migrator.core import fields
from migrator.core.fields import ATTRIBUTE, USER_FIELDS, Change, SentFields, login_hash, value_hash
from migrator.core.grants import is_grant
from migrator.core.model import FRESHLY_MIGRATED
from migrator.descope.attribute_value import is_unset, listed_values, possible_days, same_value, value_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from migrator.core.model import Json
    from migrator.core.pre_image import PreImage
    from migrator.descope.user import DescopeUser

_PLAIN = tuple(one for one in USER_FIELDS if one.change is Change.PATCH)
_EPOCH = date(1970, 1, 1)


def is_as_sent(found: DescopeUser, sent: SentFields) -> bool:
    """Whether a user whom this migration created is as it was last sent, in every field."""
    if found.never_sent or found.verified_phone or found.fresh is not True:
        return False
    if {login_hash(one) for one in found.login_ids} != set(sent.logins):
        return False
    values = dict(_values(found))
    # What somebody added is a change too; what was sent and is not there has no value.
    names = {name for name in sent.hashes if name.startswith(ATTRIBUTE) or is_grant(name)} | values.keys()
    return all(_had(sent, name, values.get(name)) for name in names)


def _values(found: DescopeUser) -> Iterator[tuple[str, Json]]:
    """Every field but the login ids by its name in `SentFields`, each attribute that holds something, each grant."""
    yield from ((one.name, getattr(found, one.attribute)) for one in _PLAIN)
    yield from ((fields.EMAIL, found.email), (fields.VERIFIED_EMAIL, found.verified_email))
    yield from ((fields.PHONE, found.phone), (fields.STATUS, found.status))
    yield from ((grant.field, True) for grant in found.grants)
    for name, value in found.attributes.items():
        if name != FRESHLY_MIGRATED and not is_unset(value):
            yield ATTRIBUTE + name, value


def _had(sent: SentFields, name: str, value: Json) -> bool:
    stored = sent.hashes.get(name)
    if stored is None or is_unset(value):
        return is_unset(value) and (stored is None or stored in _UNSET)
    if name == fields.EMAIL:  # a server may spell it its own way
        return is_hashed(value.lower(), (stored,)) or is_hashed(value, (stored,))
    return is_hashed(value, (stored,))


def is_restored(found: DescopeUser, image: PreImage) -> bool:
    """Whether every field that this migration changed is as it was before."""
    return not _changed(found, image)


def is_edited(found: DescopeUser, image: PreImage) -> bool:
    """Whether somebody else has changed one of these fields since: it is neither as it was nor as it was sent."""
    return any(not is_hashed(found.value(name), image.sent[name]) for name in _changed(found, image))


def _changed(found: DescopeUser, image: PreImage) -> list[str]:
    return [name for name, before in image.before.items() if not _same(found.value(name), before)]


def _same(one: Json, other: Json) -> bool:
    return same_value(one, other) or (is_unset(one) and is_unset(other))


_UNSET = frozenset(map(value_hash, ("", None, [])))


def is_hashed(value: Json, hashes: Container[str]) -> bool:
    """Whether a value has one of these hashes, whichever type it came back as."""
    return any(value_hash(one) in hashes for one in _readings(value))


def _readings(value: Json) -> Iterator[Json]:
    """The values, as we send them, that an answer may mean: it may show any of them in another form, or as text.

    No type is looked at: what was sent and what is shown differ in it for no other reason (docs/contract/descope.md
    11.2, docs/decisions/0025).
    """
    yield value
    text = value_text(value)
    yield text
    if text in ("true", "false"):
        yield text == "true"
    with suppress(ValueError, OverflowError):
        number = float(text)
        yield number
        yield int(text) if text.lstrip("-").isdecimal() else int(number) if number.is_integer() else number
    yield listed_values(text)
    for day in possible_days(value):
        if isinstance(day, date):
            yield day.isoformat()
            midnight = (day - _EPOCH).days * 86_400
            yield from (midnight, midnight * 1000)
