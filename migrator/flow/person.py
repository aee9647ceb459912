"""Everything about one person: what the checkpoint knows, or what both sides say now. Writes nothing anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from migrator.checkpoint.users.lookup import users_by_id_or_login, users_with_value
from migrator.checkpoint.users.state_history import history_of
from migrator.checkpoint.users.stored_user import StoredUser
from migrator.core.choices import chosen_links, chosen_login_ids
from migrator.core.errors import ConfigError
from migrator.core.login_ids import same_login
from migrator.core.model import Ready, Rejected, State, TargetUser
from migrator.docebo.paging import read_once
from migrator.docebo.record import DoceboRecord
from migrator.flow.plan.decide import DecisionRules
from migrator.flow.plan.plan import decide_all
from migrator.flow.plan.project_attributes import find_attributes
from migrator.flow.read.members import rule_members
from migrator.normalize.identity import record_key, user_key_or_none
from migrator.normalize.mapping import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.plans import PlannedAction
    from migrator.checkpoint.users.state_history import StateChange
    from migrator.config.schema import Config
    from migrator.core.choices import UserChoice
    from migrator.core.model import Json
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.docebo.client import DoceboClient
    from migrator.flow.context import ProjectAttributes

_T = TypeVar("_T")
_NAMED = 20  # ids in an error's text


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person: the stored user, and what is known or was asked of both sides; None what nobody knows.

    `source` is the record as Docebo gave it, `target` the user built from it; `rejected` is why there is none. `found`
    is the user in Descope, and `planned` what a run would do: only where both sides were asked.
    """

    user_id: str
    stored: StoredUser | None = None
    history: Sequence[StateChange] = ()
    source: Json = field(default=None, repr=False)
    target: TargetUser | None = field(default=None, repr=False)
    rejected: str | None = None
    found: DescopeUser | None = field(default=None, repr=False)
    planned: PlannedAction | None = field(default=None, repr=False)

    @property
    def descope_id(self) -> str | None:
        """The Descope user that this person is, by both sides or else by the checkpoint."""
        if self.found is not None:
            return self.found.user_id
        return self.stored.target_id if self.stored else None


def stored_person(checkpoint: Checkpoint, who: str) -> PersonView | None:
    """What the checkpoint knows; None if it does not know anybody like that.

    Args:
        who: a Docebo id, which goes before a Descope id, a login id, an address or a user name.

    Raises:
        ConfigError: several people are called that.
    """
    found = users_by_id_or_login(checkpoint, who)
    found = found or [user for user in users_with_value(checkpoint, who) if _is_called(_record_of(user), who)]
    if not found:
        return None
    user = _only_one(found, [one.user_id for one in found])
    history = history_of(checkpoint, user.user_id)
    source = _record_of(user).raw or None
    return PersonView(user.user_id, user, history, source, None if user.profile is None else user.target)


@dataclass(frozen=True, slots=True)
class BothSides:
    """The two servers, read only, and what a plan decides by; `choices` are the decisions of people in force."""

    config: Config
    docebo: DoceboClient
    descope: DescopeReader
    choices: Mapping[str, UserChoice]
    normalize: Normalizer
    attributes: ProjectAttributes

    @classmethod
    def reach(
        cls, config: Config, docebo: DoceboClient, descope: DescopeReader, choices: Mapping[str, UserChoice]
    ) -> BothSides:
        """Check the rights on both sides first.

        Raises:
            ConfigError: credentials or rights are not enough, an attribute has the wrong type, or a rule names a branch
                or group that Docebo does not have.
        """
        docebo.check_session()
        descope.choose_license()
        members = rule_members(docebo, config, accept_short=True)  # as a run that a person told to
        normalize = Normalizer(config.mapping, config.docebo.platform, chosen_login_ids(choices), members)
        return cls(config, docebo, descope, choices, normalize, find_attributes(descope, config))

    @property
    def platform(self) -> str:
        """The Docebo platform, as named in the mark."""
        return self.config.docebo.platform

    @property
    def rules(self) -> DecisionRules:
        """What decides besides the two users."""
        return DecisionRules(self.config.policy, self.attributes.types, chosen_links(self.choices))


def fresh_person(sides: BothSides, who: str, known: PersonView | None) -> PersonView | None:
    """What both sides say now, and what a run would do with that person alone; None if nobody knows the person.

    Raises:
        ConfigError: several people in Docebo are called that.
        StopRun: an answer could not be had.
    """
    found = _in_descope(sides, who, known)
    user_id = known.user_id if known else _marked_id(found, sides.platform)
    record = _in_docebo(sides.docebo, user_id, who, _names(who, known, found))
    if record is None:
        if known is None and found is None:
            return None
        gone = known or PersonView(user_id or "")
        return replace(gone, source=None, target=None, found=found)
    normalized = sides.normalize(record)
    stored = known.stored if known else None
    view = PersonView(normalized.user_id, stored, known.history if known else (), record, found=found)
    if isinstance(normalized, Rejected):
        return replace(view, rejected=str(normalized.reason))
    [planned] = decide_all(sides, [_as_now(stored, normalized)])
    there = planned.target_id or (stored.target_id if stored else None)
    if found is None or (there is not None and found.user_id != there):
        found = sides.descope.by_id(there) if there is not None else None
    return replace(view, target=normalized.target, planned=planned, found=found)


def _as_now(stored: StoredUser | None, now: Ready) -> StoredUser:
    """The user as a plan would see it, with the record as it is now."""
    user = stored or StoredUser(now.user_id, State.PENDING, "")
    return replace(user, profile=now.target.to_json(), target_hash=now.target.content_hash())


def _in_descope(sides: BothSides, who: str, known: PersonView | None) -> DescopeUser | None:
    """The user that the person became, or may mean: by id, by mark, or by login id."""
    if known is not None and known.descope_id is not None:
        return sides.descope.by_id(known.descope_id)
    user_id = known.user_id if known else who
    if sides.attributes.can_hold_marks and (marked := sides.descope.marked_as(sides.platform, [user_id])):
        return marked[0]
    if known is not None:
        return None  # whoever has the login may be another person; the decision tells
    return sides.descope.by_id(who) or sides.descope.by_login(who)


def _marked_id(found: DescopeUser | None, platform: str) -> str | None:
    mark = found.mark() if found is not None else None
    return mark[1] if mark is not None and mark[0] == platform else None


def _names(who: str, known: PersonView | None, found: DescopeUser | None) -> Iterator[str]:
    """What to search Docebo for: its search knows names and addresses, but no ids."""
    if known is not None:
        record = DoceboRecord(known.source or {})
        yield from (name for name in (record.username, record.email) if isinstance(name, str))
    if found is not None:
        yield from (found.email, *found.login_ids)
    yield who


def _in_docebo(docebo: DoceboClient, user_id: str | None, who: str, names: Iterable[str]) -> Json:
    """The record with this id, or of whoever is called that; None if no search shows it."""
    for name in dict.fromkeys(name.strip() for name in names if name.strip()):
        shown = [
            record
            for record in map(DoceboRecord, _search(docebo, name))
            if (user_key_or_none(record.raw) == user_id if user_id is not None else _is_called(record, who))
        ]
        if shown:
            return _only_one(shown, [user_key_or_none(record.raw) or "?" for record in shown]).raw
    return None


def _search(docebo: DoceboClient, text: str) -> Iterator[dict[str, Json]]:
    for items in read_once(docebo.pages(text), record_key):
        yield from (item for item in items if isinstance(item, dict))


def _record_of(user: StoredUser) -> DoceboRecord:
    return DoceboRecord.from_json(user.raw)


def _is_called(record: DoceboRecord, who: str) -> bool:
    """Whether this is the person's id, user name or address, in any spelling."""
    names = (record.username, record.email)
    return user_key_or_none(record.raw) == who or any(isinstance(name, str) and same_login(name, who) for name in names)


def _only_one(found: Sequence[_T], user_ids: Sequence[str]) -> _T:
    """The only one of them.

    Raises:
        ConfigError: there are several.
    """
    if len(found) > 1:
        raise ConfigError(
            f"{len(found)} people in Docebo are called that: {', '.join(user_ids[:_NAMED])}"
            f"{' and more' if len(found) > _NAMED else ''}.",
            fix="Give the Docebo id of the one you mean.",
        )
    return found[0]
