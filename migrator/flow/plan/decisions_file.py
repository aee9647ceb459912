"""The problems.csv that a person has filled in: checked as a whole before anything is done (docs/decisions/0026).

Columns `decision` (skip, keep, link, login_id, or none to take an earlier one back) and `value` (the login id).
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.checkpoint.users.choices import keys_of, stored_users, users_with_keys
from migrator.checkpoint.users.holders import HELD_BY_OURS, parse_holders
from migrator.checkpoint.users.reopening import DUPLICATE_REASONS
from migrator.core.choices import (
    TAKE_BACK,
    Choice,
    UserChoice,
    chosen_links,
    chosen_login_ids,
    in_force,
    users_chosen,
)
from migrator.core.errors import ConfigError
from migrator.core.fields import login_hash
from migrator.core.model import NEEDS_PERSON_STATES, Decision, State
from migrator.core.reasons import Reason
from migrator.report.files import PROBLEMS_NAME
from migrator.report.lists.detail_text import other_descope_ids
from migrator.report.lists.problems import MIGRATION_COLUMN, PROBLEM_COLUMNS, migration_name, undefuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.flow.context import PlanContext
    from migrator.normalize.mapping import Normalizer

_USER, _REASON, _FOUND, _DECISION, _VALUE = "docebo_user_id", "reason", "descope_user_id", "decision", "value"
_NEEDED = (_USER, _REASON, _FOUND, _DECISION, _VALUE, MIGRATION_COLUMN)
_SEPARATORS = ",;\t"
_LINKABLE = (Reason.LOGIN_TAKEN, Reason.RECREATED)
_SHARES_NONE = "keep is for users who share a login, and this one shares none"
_AGAIN = "Take the problems.csv of a new `migrator plan`, and fill in that one."


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A line with a decision; `number` is where it begins in the file, `descope_ids` as the file names them."""

    number: int
    user_id: str
    reason: str
    descope_ids: tuple[str, ...]
    decision: str
    value: str = field(repr=False)  # may be a login id


def read_decisions(context: PlanContext, path: Path, stored: Mapping[str, UserChoice]) -> dict[str, UserChoice | None]:
    """What the file changes in the decisions `stored`: Docebo user id to the new one, None to take one back.

    Raises:
        ConfigError: the file cannot be read, is torn, or is of another migration; or it names every line whose
            decision is unknown, contradictory or outdated. Nothing was changed.
    """
    migration = migration_name(context.platform, context.config.descope.project_id)
    lines = list(parse_decisions(path, _text_of(path), migration))
    check = _Check(context.checkpoint, context.normalize, lines, stored)
    if faults := check.faults():
        told = "; ".join(f"line {number}: {fault}" for number, fault in faults)
        many = "1 decision" if len(faults) == 1 else f"{len(faults):,} decisions"
        raise ConfigError(
            f"{path}: {many} cannot be taken, so none was: {told}.", fix=f"Correct these lines. Or: {_AGAIN}"
        )
    return check.changed


def is_the_report(path: Path | None, folder: Path) -> bool:
    """Whether the file is the folder's own problems.csv, which a new report would replace."""
    return path is not None and path.exists() and path.resolve() == (folder / PROBLEMS_NAME).resolve()


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The decisions {path} cannot be read: {error.strerror}.", fix="Give --decisions a filled-in problems.csv."
        ) from None
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(
            f"The decisions {path} are not text in UTF-8.",
            fix="Save it as “CSV UTF-8” (Excel), or with the character set Unicode (UTF-8) (LibreOffice).",
        ) from None


def parse_decisions(path: Path, text: str, migration: str) -> Iterator[DecisionLine]:
    """The lines with a decision. Pure.

    Raises:
        ConfigError: a column is missing, a line is cut off, or the file is of another migration.
    """
    heading = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=heading.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names: list[str] = []
    begins = 1
    try:
        for row in rows:
            number, begins = begins, rows.line_num + 1
            cells = [undefuse(cell).strip() for cell in row]
            if not names:
                names = cells
                _check_heading(path, names)
            elif any(cells):
                yield from _line(path, number, dict(_named(path, number, names, cells)), migration)
    except csv.Error:
        raise _torn(path, begins) from None
    if not names:
        _check_heading(path, names)


def _check_heading(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in _NEEDED if name not in names]
    twice = [name for name in (*PROBLEM_COLUMNS, MIGRATION_COLUMN) if names.count(name) > 1]
    if missing or twice:
        what = f"has no column {missing[0]}" if missing else f"has the column {twice[0]} twice"
        raise ConfigError(
            f"{path}, line 1: {what}, so it is not a whole problems.csv.",
            fix=f"Keep every column, separated by commas, semicolons or tabs. {_AGAIN}",
        )


def _named(path: Path, number: int, names: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(cells) != len(names):
        raise _torn(path, number)
    return zip(names, cells, strict=True)


def _line(path: Path, number: int, cells: Mapping[str, str], migration: str) -> Iterator[DecisionLine]:
    told = cells[MIGRATION_COLUMN]
    if told != migration:
        if migration.startswith(told):
            raise _torn(path, number)
        raise ConfigError(
            f"{path}, line {number}: this file is of another migration than the configuration's ({migration}).",
            fix=_AGAIN,
        )
    if cells[_DECISION] or cells[_VALUE]:
        found = tuple(cells[_FOUND].split())
        decision = cells[_DECISION].lower()
        yield DecisionLine(number, cells[_USER], cells[_REASON], found, decision, cells[_VALUE])


def _torn(path: Path, number: int) -> ConfigError:
    return ConfigError(f"{path}, line {number}: the line is cut off or damaged. No decision was taken.", fix=_AGAIN)


class _Check:
    """Whether every decision of a file can be taken; `changed` is what they change."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        normalize: Normalizer,
        lines: Sequence[DecisionLine],
        stored: Mapping[str, UserChoice],
    ) -> None:
        self.changed: dict[str, UserChoice | None] = {}
        self._checkpoint = checkpoint
        self._normalize = normalize
        self._lines = lines
        self._stored = stored
        self._users = stored_users(checkpoint, {line.user_id for line in lines})
        self._at: dict[str, int] = {}  # the line of each user with a decision

    def faults(self) -> list[tuple[int, str]]:
        """Every line that cannot be taken, and why; neither has personal data."""
        found: list[tuple[int, str]] = []
        asked: dict[str, tuple[str, str]] = {}
        for line in self._lines:
            said = (line.decision, line.value)
            if asked.setdefault(line.user_id, said) != said:
                found.append((line.number, f"line {self._at[line.user_id]} decides otherwise about the same user"))
                continue
            self._at.setdefault(line.user_id, line.number)
            if fault := self._fault(line):
                found.append((line.number, fault))
        wanted = in_force(self._stored, self.changed)
        found += self._shared_logins(wanted)
        found += self._shared_targets(wanted)
        return sorted(found)

    def _fault(self, line: DecisionLine) -> str:
        """Why the line alone cannot be taken; "" if it can."""
        if fault := _misspelled(line):
            return fault
        user = self._users.get(line.user_id)
        if user is None:
            return "the checkpoint knows no such Docebo user"
        return self._taken_back(line, user) if line.decision == TAKE_BACK else self._decided(line, user)

    def _decided(self, line: DecisionLine, user: StoredUser) -> str:
        choice, fault = self._choice(line)
        if fault or self._stored.get(line.user_id) == choice:
            return fault  # one that is in force already is no news, whatever has become of the user
        fault = _outdated(line, user) or _unfit(line, user)
        if not fault:
            self.changed[line.user_id] = choice
        return fault

    def _taken_back(self, line: DecisionLine, user: StoredUser) -> str:
        if line.user_id not in self._stored:
            return "there is no decision to take back"
        if user.state == State.SENDING:
            return "the user is being sent; run without this line first"
        self.changed[line.user_id] = None
        return ""

    def _choice(self, line: DecisionLine) -> tuple[UserChoice, str]:
        """The decision as it would be stored, and why it cannot be."""
        kind = Choice(line.decision)
        if kind == Choice.LOGIN_ID:
            login_id = self._normalize.login_id_from(line.value)
            return UserChoice(kind, login_id), "" if login_id else "the value cannot be a login id"
        if kind == Choice.LINK:
            one = len(line.descope_ids) == 1
            found = line.descope_ids[0] if one else ""
            return UserChoice(kind, found), "" if one else "link needs exactly one Descope user in descope_user_id"
        return UserChoice(kind), ""

    def _shared_logins(self, wanted: Mapping[str, UserChoice]) -> Iterator[tuple[int, str]]:
        """Of users who share a login, two are to be kept; or a login id is to be given that somebody has."""
        kept = users_chosen(wanted, Choice.KEEP)
        keys = keys_of(self._checkpoint, kept)
        new = {user_id: login_hash(login_id) for user_id, login_id in chosen_login_ids(wanted).items() if login_id}
        sharing = users_with_keys(self._checkpoint, {*new.values(), *(key for some in keys.values() for key in some)})
        left_out = users_chosen(wanted, Choice.SKIP)
        for user_id in sorted(kept & self.changed.keys()):
            everybody = [(key, one) for key in keys.get(user_id, ()) for one in sharing[key] if one.user_id != user_id]
            others = [(key, one) for key, one in everybody if one.user_id not in left_out]
            both = next((one.user_id for _, one in others if one.user_id in kept), None)
            there = next((one.user_id for key, one in others if one.holds(key)), None)
            if both is not None:
                yield self._at[user_id], f"Docebo user {both} is to be kept, too, and only one can have the login"
            elif there is not None:
                yield self._at[user_id], f"Docebo user {there} has this login in Descope already"
            elif not everybody:
                yield self._at[user_id], _SHARES_NONE
        for user_id in sorted(new.keys() & self.changed.keys()):
            key = new[user_id]
            has = [one.user_id for one in sharing.get(key, ())] + [one for one in new if new[one] == key]
            taken = next((one for one in has if one not in (user_id, *left_out)), None)
            if taken is not None:
                yield self._at[user_id], f"Docebo user {taken} has that login id, or is to get it"

    def _shared_targets(self, wanted: Mapping[str, UserChoice]) -> Iterator[tuple[int, str]]:
        """Two users are to become the same Descope user, or one that a third one is."""
        links = chosen_links(wanted)
        for user_id in sorted(links.keys() & self.changed.keys()):
            other = next((one for one in links if one != user_id and links[one] == links[user_id]), None)
            if other is not None:
                yield self._at[user_id], f"Docebo user {other} is to be linked with the same Descope user"


def _misspelled(line: DecisionLine) -> str:
    """What is wrong with the words of a line."""
    if not line.decision:
        return "it has a value but no decision"
    if line.decision not in (*Choice, TAKE_BACK):
        return f"the decision is none of {', '.join((*Choice, TAKE_BACK))}"
    return f"{line.decision} takes no value" if line.value and line.decision != Choice.LOGIN_ID else ""


def _unfit(line: DecisionLine, user: StoredUser) -> str:
    """Why this decision does not fit this problem."""
    if line.decision == Choice.KEEP and line.reason not in DUPLICATE_REASONS:
        return _SHARES_NONE
    return _not_linkable(line, user) if line.decision == Choice.LINK else ""


def _not_linkable(line: DecisionLine, user: StoredUser) -> str:
    if line.reason not in _LINKABLE:
        return "link is for a user whose login another Descope user has, and none was found"
    if user.reason == Reason.LOGIN_TAKEN and parse_holders(user.detail).word == HELD_BY_OURS:
        return "the Descope user belongs to another user of this migration"
    if user.reason and other_descope_ids(user) != line.descope_ids:
        return "another Descope user is in the way now than the file says"
    return ""


def _outdated(line: DecisionLine, user: StoredUser) -> str:
    """Why the file is older than what is known of the user; "" for one whom no plan has decided on yet."""
    if user.state == State.PENDING and user.decision is None:
        return ""
    if user.state not in NEEDS_PERSON_STATES and user.decision != Decision.CONFLICT:
        return f"the user is {user.state} and needs no decision any more"
    if user.reason != line.reason:
        return f"the user's reason is {user.reason} now"
    return ""
