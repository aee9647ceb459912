"""The judge of histories: what must hold after each command, by the truth alone. Shares no code with the program.

Each rule has a name, with which its failure begins. `HISTORY_UNHEEDED=name,name` leaves rules out, to look for
what is behind a failure that is known.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from history_words import Wanted, fold, folds, mark_of, wanted
from history_world import Facts
from oracle import CONTACT, WRITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from history_commands import Done
    from history_world import Account, World

    Rule = Callable[["Judge", "Done"], Iterator[str]]
    PairRule = Callable[["Judge", "Done", "Done"], Iterator[str]]

ARRIVED = {"created", "updated", "unchanged"}
NEEDS_PERSON = {"rejected", "conflict", "failed"}
UNHEEDED = set(os.environ.get("HISTORY_UNHEEDED", "").split(","))
ALWAYS: list[Rule] = []
WHOLE: list[Rule] = []
IN_A_ROW: list[tuple[str, str, PairRule]] = []


def always(rule: Rule) -> Rule:
    """A rule for after every command."""
    ALWAYS.append(rule)
    return rule


def whole(rule: Rule) -> Rule:
    """A rule for after a run that got through."""
    WHOLE.append(rule)
    return rule


def in_a_row(first: str, then: str) -> Callable[[PairRule], PairRule]:
    """A rule for two commands of one checkpoint between which nothing happened, other commands that look aside."""

    def add(rule: PairRule) -> PairRule:
        IN_A_ROW.append((first, then, rule))
        return rule

    return add


@functools.cache
def _broken(name: str) -> type[AssertionError]:
    """An error of its own for each rule, so that hypothesis does not take one defect for another."""
    return type(name, (AssertionError,), {})


@dataclass
class Judge:
    """Looks at the world behind every command."""

    world: World
    _last: dict[str, tuple[int, Done]] = field(default_factory=dict)  # the last of each command, and when it was

    def check(self, done: Done) -> None:
        """Every rule that applies; then learn from what was seen."""
        self._note_origins(done)
        for rule in [*ALWAYS, *(WHOLE if done.whole else ())]:
            for text in rule(self, done):
                self.fail(rule.__name__, text)
        for name, then, pair in IN_A_ROW:
            tick, first = self._last.get(name, (None, done))
            if then == done.command and tick == self.world.tick and first.book is done.book:
                for text in pair(self, first, done):
                    self.fail(pair.__name__, text)
        self._learn(done)
        if done.after != done.before or done.command in ("killed", "maybe"):
            self.world.tick += 1
        self._last[done.command] = self.world.tick, done

    def fail(self, name: str, text: str) -> None:
        """A rule is broken."""
        if name not in UNHEEDED:
            raise _broken(name)(f"{name}: {text}\nhistory: {'; '.join(self.world.story)}")

    # --- what the judge knows -----------------------------------------------------------------

    def want(self, done: Done, user_id: str) -> Wanted:
        """What a listed person's record asks for."""
        return wanted(self.world.people[user_id], done.mapping)

    def owned(self, accounts: dict[str, Account], user_id: str) -> list[Account]:
        """Accounts with a person's mark."""
        return [account for account in accounts.values() if mark_of(account) == (self.world.platform, user_id)]

    def arrived(self, done: Done) -> Iterator[tuple[str, Wanted, Account]]:
        """Everybody listed who is said to have arrived and has one account of our making."""
        for user_id, row in done.rows.items():
            if user_id in self.world.people and row["state"] in ARRIVED:
                accounts = self.owned(done.after, user_id)
                if len(accounts) == 1:
                    yield user_id, self.want(done, user_id), accounts[0]

    def facts(self, account: Account) -> Facts:
        """What is known about an account."""
        return self.world.facts.setdefault(account["userId"], Facts())

    def sent(self, done: Done, user_id: str, name: str) -> set[Any] | None:
        """The values that may be the last ones sent, None when nobody can know."""
        return done.book.delivered.get(user_id, {}).get(name)

    def _note_origins(self, done: Done) -> None:
        """Who came by this command, who was linked by it, and whom it disabled."""
        for user_id, account in done.after.items():
            before = done.before.get(user_id)
            facts = self.facts(account)
            if before is None:
                facts.origin, facts.made_by = "ours", done.book.name
                facts.disabled_by = "us" if account["status"] == "disabled" else ""
                continue
            if facts.origin == "stranger" and mark_of(account) and mark_of(before) is None:
                facts.origin = "linked"
            if before["status"] != "disabled" and account["status"] == "disabled":
                facts.disabled_by, facts.enabled_by = "us", ""
            elif before["status"] == "disabled" != account["status"]:
                facts.enabled_by = done.book.name

    def _learn(self, done: Done) -> None:
        """What this command sent, as far as one can know."""
        book = done.book
        if done.command in ("run", "killed", "maybe") and done.code != 2:
            self._learn_values(done)
            bound = done.command == "run" and (done.code in (0, 3) or book.mappings == [done.mapping])
            book.mappings = [done.mapping] if bound else [*book.mappings, done.mapping]
            book.bound |= bound
            book.stops = book.stops + 1 if done.code == 4 else 0
        elif done.command == "plan":
            book.mappings = [*book.mappings, done.mapping]  # whether a plan binds is left open

    def _learn_values(self, done: Done) -> None:
        for user_id in self.world.people:
            now = self._values(self.want(done, user_id))
            known = done.book.delivered.get(user_id)
            row = done.rows.get(user_id)
            if done.whole and row and row["state"] in ARRIVED:
                # What was read back and found wrong was not delivered.
                wrong = user_id in done.differing
                done.book.delivered[user_id] = {name: set() if wrong else {value} for name, value in now.items()}
                for account in self.owned(done.after, user_id):
                    if account["status"] == "disabled" and self.facts(account).disabled_by == "admin":
                        sends = self.want(done, user_id).status == "disabled"
                        self.facts(account).disabled_by = "unsure" if sends else "admin"
            elif self._created(done, user_id):
                done.book.delivered[user_id] = {name: {value} for name, value in now.items()}
            elif known is not None:
                for name, value in now.items():
                    known[name].add(value)
            elif self.owned(done.after, user_id):
                # Somebody came by a run that did not get through: what else was sent is open.
                continue

    def _created(self, done: Done, user_id: str) -> bool:
        """Whether this run made the account, and got through, even if only for some."""
        row = done.rows.get(user_id)
        through = done.command == "run" and done.code in (0, 3) and not done.midway
        came = row is not None and row["state"] in ARRIVED and not self.owned(done.before, user_id)
        return through and came and user_id not in done.differing

    @staticmethod
    def _values(want: Wanted) -> dict[str, Any]:
        return {**want.values, "login": want.login, "extra": want.extra, "email": want.email, "status": want.status}


# --- after every command ----------------------------------------------------------------------


@always
def no_bug(_judge: Judge, done: Done) -> Iterator[str]:
    """No command ends with exit 1."""
    if done.code == 1:
        yield done.error


@always
def nobody_doubled(_judge: Judge, done: Done) -> Iterator[str]:
    """No two accounts carry one mark."""
    marks = Counter(mark for account in done.after.values() if (mark := mark_of(account)))
    yield from (f"{mark} is carried {number} times" for mark, number in marks.items() if number > 1)


@always
def nobody_linked_twice(_judge: Judge, done: Done) -> Iterator[str]:
    """No two people are said to be one account."""
    targets = Counter(row["target_id"] for row in done.rows.values() if row["target_id"] and row["state"] in ARRIVED)
    yield from (f"{number} people are {target}" for target, number in targets.items() if number > 1)


@always
def nobody_deleted(_judge: Judge, done: Done) -> Iterator[str]:
    """No command takes an account away, merges or overwrites one."""
    yield from (f"{user_id} is gone" for user_id in done.before.keys() - done.after.keys())
    effects = {effect["op"] for entry in done.journal for effect in entry["committed"]}
    yield from effects & {"overwrite", "merge_delete", "delete"}


@always
def no_stranger_changed(judge: Judge, done: Done) -> Iterator[str]:
    """Who is not ours stays as it was, but for a mark and empty fields when linking is asked for."""
    for user_id, before in done.before.items():
        after = done.after.get(user_id, before)
        origin = judge.facts(before).origin
        if before == after or origin == "ours":
            continue
        for key in before.keys() | after.keys():
            kept = key in {"modifiedTime", "customAttributes"} or not before.get(key)
            if not kept and before[key] != after.get(key):
                yield f"{key} of {before['loginIds']}: {before[key]!r} became {after.get(key)!r}"
        lost = {k: v for k, v in before["customAttributes"].items() if after["customAttributes"].get(k) != v}
        if lost and mark_of(before):
            yield f"attributes of {before['loginIds']} were lost or changed: {lost}"
        if mark_of(before) is None:
            yield from _linked_rightly(judge, done, before, after)


def _linked_rightly(judge: Judge, done: Done, before: Account, after: Account) -> Iterator[str]:
    mark = mark_of(after)
    person = judge.world.people.get(mark[1]) if mark else None
    if done.policy.existing != "link" or person is None:
        yield f"{before['loginIds']} was changed, and linking is not asked for or nobody's"
    elif not done.midway and (login := wanted(person, done.mapping).login) not in folds(before["loginIds"]):
        yield f"{before['loginIds']} was linked to {mark}, who is {login}"


@always
def marks_stay(judge: Judge, done: Done) -> Iterator[str]:
    """Nobody's account becomes another person's, but who was made anew in Docebo may be linked to the old account."""
    for user_id, before in done.before.items():
        old, new = mark_of(before), mark_of(done.after.get(user_id, before))
        if old is None or old == new:
            continue
        person = judge.world.people.get(new[1]) if new else None
        anew = old[1] not in judge.world.people and person is not None and done.policy.existing == "link"
        if not anew or wanted(person or {}, done.mapping).login not in folds(before["loginIds"]):
            yield f"{before['loginIds']}: {old} became {new}"


@always
def nobody_enabled_against_an_admin(judge: Judge, done: Done) -> Iterator[str]:
    """Whom an admin disabled stays disabled."""
    for user_id, before in done.before.items():
        after = done.after.get(user_id, before)
        if before["status"] == "disabled" != after["status"] and judge.facts(before).disabled_by == "admin":
            yield f"{before['loginIds']} was disabled by an admin and is {after['status']}"


@always
def nobody_contacted(_judge: Judge, done: Done) -> Iterator[str]:
    """No invitation, mail or message is asked for."""
    for entry in (entry for entry in done.journal if entry["api"] == "descope"):
        body = entry["body"] if isinstance(entry["body"], dict) else {}
        for part in (body, *(body.get("users") or [])):
            if any(part.get(key) for key in CONTACT) or {"password", "hashedPassword", "test"} & part.keys():
                yield f"{entry['path']} {sorted(part)}"


@always
def looking_changes_nothing(_judge: Judge, done: Done) -> Iterator[str]:
    """A plan and a verification write nothing on either side."""
    if done.command not in ("plan", "verify"):
        return
    if done.before != done.after:
        yield "Descope changed"
    for entry in done.journal:
        if entry["committed"] or entry["path"].partition("/mgmt/user/")[2] in WRITES:
            yield f"{entry['method']} {entry['path']}"


@always
def counts_add_up(_judge: Judge, done: Done) -> Iterator[str]:
    """`found` is the sum of all states."""
    counts = dict(done.counts)
    found = counts.pop("found", 0)
    if found != sum(counts.values()):
        yield f"found {found}, but {counts}"


@always
def vanished_is_gone(judge: Judge, done: Done) -> Iterator[str]:
    """Who is called vanished is not in Docebo."""
    for user_id, row in done.rows.items():
        if row["state"] == "vanished" and user_id in judge.world.people:
            was = done.rows_before.get(user_id)
            if was is None or was["state"] != "vanished":
                yield f"user {user_id} is in Docebo"


@always
def many_gone_are_asked_about(_judge: Judge, done: Done) -> Iterator[str]:
    """More than a tenth of all are never called vanished at once, unless a person says so."""
    known = [row for row in done.rows.values() if row["state"] != "vanished"]
    gone = [
        u for u, row in done.rows.items() if row["state"] == "vanished" and _state(done.rows_before, u) != "vanished"
    ]
    if len(gone) > 1 and len(gone) * 10 > len(known) + len(gone) and not done.accept:
        yield f"{gone} of {len(known) + len(gone)} in one {done.command}"


@always
def refused_changes_nothing(_judge: Judge, done: Done) -> Iterator[str]:
    """A command that ends with exit 2 changed nothing."""
    if done.code == 2 and (done.before != done.after or done.rows_before != done.rows):
        yield done.error


@always
def refused_for_a_cause(judge: Judge, done: Done) -> Iterator[str]:
    """Exit 2 is for another mapping without --remap, or for a user without rights."""
    others = [one for one in done.book.mappings if one.section != done.mapping.section]
    excused = judge.world.rights != "super_admin" or done.midway or done.bound
    if done.code == 2 and not excused and (not others or done.remap):
        yield done.error
    if done.code in (0, 3) and done.book.bound and others == done.book.mappings and not done.remap:
        yield "another mapping was taken without --remap"


@always
def stopped_for_a_cause(judge: Judge, done: Done) -> Iterator[str]:
    """Exit 4 is for a list cut short, lost rights, many deleted accounts, faults; 5 and 130 for nothing here."""
    if done.code in (None, 0, 1, 2, 3) or done.midway:
        return
    known = [u for u, row in done.rows_before.items() if row["state"] != "vanished"]
    left = [u for u in known if u not in judge.world.people]
    arrived = [row["target_id"] for row in done.rows_before.values() if row["state"] in ARRIVED]
    missing = [target for target in arrived if target not in done.before]
    causes = [
        judge.world.rights != "super_admin",
        len(left) * 10 > len(known) and not done.accept,
        len(missing) > 1 and len(missing) * 10 > len(arrived) and "all" not in done.retry,
        bool(judge.world.disliked) and done.book.stops < 4,
        judge.world.spoilt,
    ]
    if done.code != 4 or not any(causes):
        yield f"exit {done.code}: {done.error}"


def _state(rows: dict[str, dict[str, Any]], user_id: str) -> str | None:
    return rows[user_id]["state"] if user_id in rows else None


def answers(account: Account, login: str) -> bool:
    """Whether the account answers to a login id."""
    return fold(login) in folds(account["loginIds"])
