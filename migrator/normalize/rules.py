"""Which tenants and roles the rules give a user (docs/decisions/0027). Pure and total."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from migrator.core.email_address import parse_email
from migrator.core.expressions import is_found
from migrator.core.grants import Grant, in_order
from migrator.core.text import clean, decode_entities, folded, scalar_text
from migrator.docebo.record import DoceboField, level_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from migrator.config.rules import Conditions, FieldCondition, RoleRule, TenantRule
    from migrator.core.member_lists import MemberList
    from migrator.core.model import Json, SourceStatus
    from migrator.docebo.record import DoceboRecord

# Condition to what it looks at.
_LOOKS_AT = {
    "email_domain": (DoceboField.EMAIL,),
    "status": (DoceboField.STATUS, DoceboField.EXPIRED),
    "level": (DoceboField.LEVEL,),
    "language": (DoceboField.LANGUAGE, DoceboField.LANG_CODE),
    "multidomain": (DoceboField.MULTIDOMAINS,),
}
FIELD_LIMIT = 1000  # characters of a field that a rule looks at


class RuleBook:
    """The rules of a mapping, applied to one user after another.

    Args:
        members: the Docebo user ids of each branch and group that the rules name.
    """

    def __init__(
        self, rules: Sequence[TenantRule | RoleRule], members: Mapping[MemberList, Collection[str]] | None = None
    ) -> None:
        self._rules = rules
        self._members = members or {}

    def lists_of(self, user_id: str) -> tuple[MemberList, ...]:
        """The branches and groups, of those that rules name, that the user is a member of."""
        return tuple(one for one, members in self._members.items() if user_id in members)

    def grants(self, user_id: str, record: DoceboRecord, status: SourceStatus) -> tuple[Grant, ...]:
        """What all rules that match give."""
        if not self._rules:
            return ()
        lists = self.lists_of(user_id)
        matching = (rule for rule in self._rules if all(_conditions(rule.when, record, status, lists)))
        return in_order(grant for rule in matching for grant in rule.grants)


def fields_asked(rule: TenantRule | RoleRule) -> list[str]:
    """The Docebo fields that a rule's conditions look at."""
    when, names = rule.when, list(rule.when.fields)
    names += [
        name for condition, fields in _LOOKS_AT.items() if getattr(when, condition) is not None for name in fields
    ]
    return names


def _conditions(
    when: Conditions, record: DoceboRecord, status: SourceStatus, lists: Collection[MemberList]
) -> Iterator[bool]:
    """Whether each of the conditions holds."""
    if when.status is not None:
        yield status in when.status
    if when.level is not None:
        yield level_of(record.level) in when.level
    if when.email_domain is not None:
        yield _domain_of(record.email) in when.email_domain
    if when.language is not None:
        yield _is_one_of((record.language, record.lang_code), when.language)
    if when.multidomain is not None:
        found = record.multidomains
        yield isinstance(found, list) and _is_one_of(found, when.multidomain)
    if when.branch is not None:
        yield not set(when.branches).isdisjoint(lists)
    if when.group is not None:
        yield not set(when.groups).isdisjoint(lists)
    for name, condition in when.fields.items():
        yield _field_holds(condition, record.get(name))


def _domain_of(value: Json) -> str:
    address = parse_email(value) if isinstance(value, str) else None
    return address.rpartition("@")[2] if address else ""


def _field_holds(condition: FieldCondition, value: Json) -> bool:
    if condition.matches is None:
        return _is_one_of([value], condition.one_of or ())
    text = scalar_text(value)
    return text is not None and is_found(condition.matches, clean(decode_entities(text), FIELD_LIMIT)[0])


def _is_one_of(values: Iterable[Json], wanted: tuple[str, ...]) -> bool:
    """Whether one of the values is a wanted one, whatever its case, Unicode form and HTML entities."""
    found = {folded(text) for text in map(scalar_text, values) if text}
    return not found.isdisjoint(_all_folded(wanted))


@lru_cache(maxsize=1024)
def _all_folded(wanted: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(folded, wanted))
