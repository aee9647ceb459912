"""From one raw Docebo record to the Descope user it becomes, by the rules of the `mapping:` section."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING

from migrator.core.email_address import parse_email
from migrator.core.login_ids import login_key
from migrator.core.model import (
    DOCEBO_USERNAME,
    MARK_PLATFORM,
    MARK_USER,
    OUR_ATTRIBUTES,
    Json,
    Normalized,
    PlainFields,
    Ready,
    Rejected,
    TargetUser,
    canonical_json,
    text_hash,
)
from migrator.core.reasons import Note, Reason
from migrator.core.sso import SsoFacts
from migrator.core.text import clean, flag, is_blank, scalar_text
from migrator.docebo.record import DoceboField, DoceboRecord
from migrator.normalize.code_fingerprint import code_fingerprint
from migrator.normalize.identity import email_of, login_id_of, stand_in_key, user_key, username_of
from migrator.normalize.person import date_of, is_superadmin, phone_of, plain_fields_of, source_status_of
from migrator.normalize.rules import RuleBook
from migrator.normalize.typed_value import typed_value
from migrator.normalize.unfit import Unfit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.config.schema import MappingConfig
    from migrator.core.member_lists import MemberList
    from migrator.core.model import SourceStatus

ATTRIBUTE_LIMIT = 1000
_PLAIN = tuple(one.name for one in fields(PlainFields))


class Normalizer:
    """Turns raw records into `Ready` or `Rejected`; pure and total (docs/reliability.md D6).

    Args:
        mapping: the `mapping:` section of the configuration.
        platform: the text of the mark attribute `doceboPlatform` (`docebo.platform`).
        given: Docebo user id to the login id that a person gave it; "" once that was erased.
        members: the Docebo user ids of each branch and group that the rules name.

    A record with several faults is rejected for the first of: no user id, no or bad e-mail, no or bad
    user name, unknown status.
    """

    def __init__(
        self,
        mapping: MappingConfig,
        platform: str,
        given: Mapping[str, str] | None = None,
        members: Mapping[MemberList, Collection[str]] | None = None,
    ) -> None:
        self._mapping = mapping
        self._rules = RuleBook(mapping.rules, members)
        self._platform = platform
        self._given = given or {}
        # Ours whatever the mapping says: nobody is recognised without them (docs/decisions/0005, docs/decisions/0028).
        self._attributes = {name: one for name, one in mapping.attributes.items() if name not in OUR_ATTRIBUTES}

    @cached_property
    def fingerprint(self) -> str:
        """With the same one, the same record becomes the same user, also in another version of the program."""
        return text_hash(f"{code_fingerprint()}:{self._platform}:{self._mapping.fingerprint()}")

    def lists_of(self, user_id: str) -> str:
        """The branches and groups, of those that rules name, that the user is a member of, as one text."""
        return canonical_json(self._rules.lists_of(user_id)) if self._mapping.member_lists else ""

    def __call__(self, value: Json) -> Normalized:
        """Normalise one decoded JSON value.

        Returns:
            `Ready`, or `Rejected` with a reason code of `migrator.core.reasons`. Without a usable user id the
            rejection's `user_id` is the record's `stand_in_key`.
        """
        if not isinstance(value, dict):
            return Rejected(stand_in_key(value), Reason.MALFORMED_RECORD)
        record = DoceboRecord(value)
        try:
            user_id = user_key(record)
        except Unfit as unfit:
            return Rejected(stand_in_key(value), unfit.reason)
        try:
            return self._ready(user_id, record)
        except Unfit as unfit:
            sso = SsoFacts.of(username_of(record.username), "", "", superadmin=is_superadmin(record.level))
            return Rejected(user_id, unfit.reason, _status_if_told(record), sso=sso)

    def login_id_from(self, text: str) -> str:
        """A text that a person gave, as login id; "" if it cannot be one."""
        if self._mapping.login_id == "email":
            return parse_email(text) or ""
        try:
            return login_id_of(text)
        except Unfit:
            return ""

    def _ready(self, user_id: str, record: DoceboRecord) -> Ready:
        notes: dict[str, None] = {}  # an ordered set
        phone = self._phone(record, notes)
        chosen = self._given.get(user_id)
        if chosen == "":
            raise Unfit(Reason.LOGIN_ID_ERASED)
        # Where people sign in with their address, the one that a person gave is the address, too.
        own_email = "" if chosen is None or self._mapping.login_id != "email" else chosen
        email = own_email or self._email(user_id, record, notes, has_phone=bool(phone))
        login_id = chosen or self._login_id(record, email)
        extra = self._extra_login_ids(record, login_id, email, notes)
        source_status = source_status_of(record)
        plain, cut = plain_fields_of(record)
        if cut:
            notes[Note.NAME_CUT] = None
        verified = not own_email and self._is_verified(record, notes, email)
        if not verified and not phone:
            notes[Note.UNVERIFIED_EMAIL] = None
        target = TargetUser(
            login_id=login_id,
            email=email,
            verified_email=verified,
            status=getattr(self._mapping.status, source_status),
            phone=phone,
            extra_login_ids=tuple(extra.values()),
            attributes=self._custom_attributes(user_id, record, notes),
            grants=self._rules.grants(user_id, record, source_status),
            spelled="" if chosen else self._spelled(record, login_id),
            **{name: getattr(plain, name) for name in _PLAIN},
        )
        return Ready(
            user_id=user_id,
            target=target,
            source_status=source_status,
            login_keys=(login_key(login_id), *extra),
            notes=tuple(notes),
            created=date_of(record.creation_date),
            last_login=date_of(record.last_access_date),
            sso=SsoFacts.of(
                target.attributes.get(DOCEBO_USERNAME, ""), email, login_id, superadmin=is_superadmin(record.level)
            ),
        )

    def _email(self, user_id: str, record: DoceboRecord, notes: dict[str, None], *, has_phone: bool) -> str:
        """The address; "" only for a user-name login with a phone: Descope wants one (docs/contract/descope.md 3.1)."""
        email = email_of(record.email)
        if email:
            return email
        mapping = self._mapping
        if mapping.missing_email == "synthesize":
            made_up = parse_email(f"docebo-{user_id}@{mapping.synthesize_domain}")
            if made_up:
                notes[Note.EMAIL_SYNTHESIZED] = None
                return made_up
        if mapping.login_id == "username" and has_phone:
            return ""
        raise Unfit(Reason.NO_EMAIL)

    @staticmethod
    def _is_verified(record: DoceboRecord, notes: dict[str, None], email: str) -> bool:
        """What Docebo verified is its own address, never none and never one we made up."""
        if not email or Note.EMAIL_SYNTHESIZED in notes:
            return False
        return flag(record.email_validation_status) is True

    def _login_id(self, record: DoceboRecord, email: str) -> str:
        if self._mapping.login_id == "email":
            return email
        login_id = login_id_of(record.username)
        if not login_id:
            raise Unfit(Reason.NO_USERNAME)
        return login_id

    def _spelled(self, record: DoceboRecord, login_id: str) -> str:
        text = record.get(self._mapping.login_id)
        spelled = text.strip() if isinstance(text, str) else ""
        return spelled if spelled != login_id and login_key(spelled) == login_key(login_id) else ""

    def _extra_login_ids(
        self, record: DoceboRecord, login_id: str, email: str, notes: dict[str, None]
    ) -> dict[str, str]:
        """Login key to login id, in the configured order; what folds to an earlier one is left out."""
        primary = login_key(login_id)
        extra: dict[str, str] = {}
        for source in self._mapping.extra_login_ids:
            try:
                candidate = email if source == DoceboField.EMAIL else login_id_of(record.get(source))
            except Unfit:
                notes[Note.LOGIN_ID_DROPPED] = None
                continue
            key = login_key(candidate)
            if key and key != primary:
                extra.setdefault(key, candidate)
        return extra

    def _phone(self, record: DoceboRecord, notes: dict[str, None]) -> str:
        source = self._mapping.phone_field
        if source is None or is_blank(value := record.get(source)):
            return ""
        phone = phone_of(value, self._mapping.phone_region)
        if not phone:
            notes[Note.PHONE_DROPPED] = None
        return phone

    def _custom_attributes(self, user_id: str, record: DoceboRecord, notes: dict[str, None]) -> dict[str, Json]:
        attributes: dict[str, Json] = {MARK_USER: user_id, MARK_PLATFORM: self._platform}
        if username := username_of(record.username):
            attributes[DOCEBO_USERNAME] = username
        else:
            notes[Note.USERNAME_NOT_SENT] = None
        for name, wanted in self._attributes.items():
            given = record.get(wanted.field)
            value = _attribute_text(given, notes) if wanted.type == "text" else typed_value(given, wanted)
            if value is None:
                notes[Note.ATTRIBUTE_DROPPED if wanted.type == "text" else Note.ATTRIBUTE_NOT_CONVERTED] = None
            elif value != "":  # 0 and false are values
                attributes[name] = value
        return attributes


def _attribute_text(value: Json, notes: dict[str, None]) -> str | None:
    text = scalar_text(value)
    if text is None:
        return None
    shown, cut = clean(text, ATTRIBUTE_LIMIT)
    if cut:
        notes[Note.ATTRIBUTE_CUT] = None
    return shown


def _status_if_told(record: DoceboRecord) -> SourceStatus | None:
    try:
        return source_status_of(record)
    except Unfit:
        return None
