"""The judge's rules for after a run that got through, and for what two commands in a row must agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from history_judge import ARRIVED, NEEDS_PERSON, Judge, always, in_a_row, whole
from history_words import FIELDS, fold, folds, mark_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from history_commands import Done
    from history_words import Wanted
    from history_world import Account

DUPLICATES = ("duplicate_email", "duplicate_login")


@whole
def everybody_has_an_end(judge: Judge, done: Done) -> Iterator[str]:
    """Everybody listed has a final state, and whoever needs a person has a reason."""
    for user_id in judge.world.people:
        row = done.rows.get(user_id)
        if row is None:
            yield f"user {user_id} is not in the books"
        elif row["state"] not in ARRIVED | NEEDS_PERSON | {"skipped"}:
            yield f"user {user_id} is {row['state']}"
        elif row["state"] not in ARRIVED and not row["reason"]:
            yield f"user {user_id} is {row['state']} for no reason"
        elif row["state"] == "skipped" and judge.want(done, user_id).status == "enabled":
            yield f"user {user_id} is skipped: {row['reason']}"


@whole
def gone_is_vanished(judge: Judge, done: Done) -> Iterator[str]:
    """Who was deleted in Docebo is called vanished."""
    for user_id, row in done.rows.items():
        if user_id not in judge.world.people and row["state"] != "vanished":
            yield f"user {user_id} is gone from Docebo and {row['state']}"


@whole
def exit_tells(_judge: Judge, done: Done) -> Iterator[str]:
    """Exit 0 when nobody needs a person, else 3."""
    needy = [user_id for user_id, row in done.rows.items() if row["state"] in NEEDS_PERSON]
    if done.code == 0 and (needy or done.differing):
        yield f"exit 0, but {needy or done.differing} need a person"
    if done.code == 3 and not (needy or done.differing or _doubted(done)):
        yield "exit 3, but nobody needs a person"


def _doubted(done: Done) -> bool:
    return any(row["verdict"] not in (None, "same") for row in done.rows.values())


@whole
def arrived_is_there(judge: Judge, done: Done) -> Iterator[str]:
    """Whoever is said to have arrived has one account, with the own mark: the one that the checkpoint names."""
    for user_id, row in done.rows.items():
        if row["state"] not in ARRIVED or user_id not in judge.world.people or user_id in done.differing:
            continue
        accounts = judge.owned(done.after, user_id)
        if [account["userId"] for account in accounts] != [row["target_id"]]:
            yield f"user {user_id} is {row['state']} as {row['target_id']}, but has {len(accounts)} accounts"


@whole
def answers_to_login(judge: Judge, done: Done) -> Iterator[str]:
    """The account answers to all login ids, unless the person gave one up and Docebo's did not change since."""
    for user_id, want, account in judge.arrived(done):
        if user_id in done.differing:
            continue
        before = folds(done.before.get(account["userId"], account)["loginIds"])
        logins = folds(account["loginIds"])
        for name, asked in (("login", {want.login}), ("extra", want.extra)):
            if name == "extra" and judge.facts(account).origin == "linked":
                continue
            sent = judge.sent(done, user_id, name)
            now = want.login if name == "login" else want.extra
            missing = set(asked) - logins
            if sent is None and judge.facts(account).edited:
                continue  # moved by a person before the judge knew what had been sent
            if missing and not (sent and now in sent and missing.isdisjoint(before)):
                yield f"user {user_id} has {account['loginIds']}, not {missing}"


@whole
def leavers_are_disabled(judge: Judge, done: Done) -> Iterator[str]:
    """Who is suspended or expired in Docebo is disabled at Descope, or is listed as needing a person."""
    for user_id in judge.world.people:
        row = done.rows.get(user_id)
        if judge.want(done, user_id).status == "enabled" or (row and row["state"] in NEEDS_PERSON):
            continue
        for account in judge.owned(done.after, user_id):
            facts = judge.facts(account)
            # Whom an admin or another checkpoint enabled since we disabled it, this one cannot know of.
            elsewhere = facts.enabled_by not in ("", done.book.name) and "disabled" in (
                judge.sent(done, user_id, "status") or ()
            )
            if account["status"] != "disabled" and facts.origin == "ours" and not elsewhere:
                yield f"user {user_id} left and is {account['status']}"


@whole
def comers_are_enabled(judge: Judge, done: Done) -> Iterator[str]:
    """Whom the migration disabled and Docebo brought back is enabled again."""
    for user_id, want, account in judge.arrived(done):
        facts = judge.facts(account)
        known = judge.sent(done, user_id, "status")
        locked_out = want.status == "enabled" and account["status"] == "disabled" and facts.origin == "ours"
        if locked_out and facts.disabled_by == "us" and known == {"disabled"} and user_id not in done.differing:
            yield f"user {user_id} is active in Docebo and locked out"


@whole
def values_follow(judge: Judge, done: Done) -> Iterator[str]:
    """A value that changed in Docebo is the one at Descope."""
    for user_id, name, now, before, after in _values(judge, done):
        sent = judge.sent(done, user_id, name)
        allowed = {now} if before is None or (sent is not None and now not in sent) else {now, before}
        if after not in allowed:
            yield f"{name} of user {user_id} is {after!r}, not {now!r}"


@whole
def edits_stay(judge: Judge, done: Done) -> Iterator[str]:
    """What a person changed at Descope stays as long as Docebo's value does not change."""
    for user_id, name, now, before, after in _values(judge, done):
        if judge.sent(done, user_id, name) == {now} and before not in (None, after) and not done.anew:
            yield f"{name} of user {user_id} was {before!r}, is {after!r}"
    for user_id, want, account in judge.arrived(done):
        before_ids = done.before.get(account["userId"], account)["loginIds"]
        unmoved = all(judge.sent(done, user_id, n) == {v} for n, v in (("login", want.login), ("extra", want.extra)))
        if unmoved and folds(before_ids) != folds(account["loginIds"]) and not done.anew:
            yield f"login ids of user {user_id} were {before_ids}, are {account['loginIds']}"


def _values(judge: Judge, done: Done) -> Iterator[tuple[str, str, str, str | None, str]]:
    for user_id, want, account in judge.arrived(done):
        before = done.before.get(account["userId"])
        if judge.facts(account).origin == "linked" or user_id in done.differing:
            continue
        for name in FIELDS:
            yield user_id, name, want.values[name], value_of(before, name) if before else None, value_of(account, name)
        yield user_id, "email", want.email, fold(before["email"]) if before else None, fold(account["email"])


@whole
def first_come_keeps_the_login(judge: Judge, done: Done) -> Iterator[str]:
    """Who is at Descope with the login already does not lose it to somebody in Docebo who wants it, too."""
    for user_id, row in done.rows.items():
        if user_id in judge.world.people and row["reason"] in DUPLICATES:
            want = judge.want(done, user_id)
            for account in judge.owned(done.after, user_id):
                if want.logins <= folds(account["loginIds"]) and account["userId"] == row["target_id"]:
                    yield f"user {user_id} has {want.logins} and is {row['reason']}"


# --- two commands in a row --------------------------------------------------------------------


@in_a_row("run", "run")
def repeat_is_a_no_op(judge: Judge, first: Done, again: Done) -> Iterator[str]:
    """A run behind one that ended with 0, or changed nothing, writes nothing, and its counts are the same."""
    settled = first.whole and (first.code == 0 or first.before == first.after)
    if not settled or again.narrow or again.midway or again.anew or judge.world.spoilt:
        return
    if again.before != again.after or (again.code, again.counts) != (first.code, first.counts):
        yield f"{first.counts} became {again.code} {again.counts} {again.error}"


@in_a_row("run", "run")
def conflicts_are_real(judge: Judge, first: Done, again: Done) -> Iterator[str]:
    """What is still a conflict behind a second run that changed nothing is one."""
    if not (first.whole and again.whole) or again.before != again.after:
        return  # who moved away in the second run may have made room for a third
    for user_id, row in again.rows.items():
        if user_id in judge.world.people and row["state"] in NEEDS_PERSON:
            for text in _unreal(judge, again, user_id, row):
                yield f"user {user_id} is {row['reason']}: {text}"


def _unreal(judge: Judge, done: Done, user_id: str, row: dict[str, Any]) -> Iterator[str]:
    want = judge.want(done, user_id)
    holders = _holders(judge, done.after, user_id, want)
    # Who lets go of a login during a run is what the next run plans with: a plan must be what its run does.
    held = holders or _holders(judge, done.before, user_id, want)
    match row["reason"]:
        case "no_email" | "invalid_email":
            if not want.problem:
                yield "the address is good"
        case "deleted_at_descope":
            # One that another checkpoint made meanwhile is found when a person asks for the user again.
            if any(judge.facts(one).made_by == done.book.name for one in judge.owned(done.after, user_id)):
                yield "the account is there"
        case "duplicate_email" | "duplicate_login":
            if not _rivals(judge, done, user_id, want):
                yield "nobody else in Docebo asks for the login"
        case "login_taken" | "email_taken":
            asked = done.remap or {"all", row["reason"]} & {*done.retry}
            freed = (want.logins & judge.world.freed) and not asked
            if not held and not freed and not _is_unmarked(done, row):
                yield f"nobody else has {want.logins}"
            if row["reason"] == "login_taken" and _is_linkable(judge, done, user_id, want, holders):
                yield f"{holders[0]['loginIds']} can be linked"


def _holders(judge: Judge, accounts: dict[str, Account], user_id: str, want: Wanted) -> list[Account]:
    own = (judge.world.platform, user_id)
    wants = want.logins | {want.email}
    return [a for a in accounts.values() if mark_of(a) != own and wants & (folds(a["loginIds"]) | {fold(a["email"])})]


def _rivals(judge: Judge, done: Done, user_id: str, want: Wanted) -> list[str]:
    others = (other for other in judge.world.people if other != user_id)
    return [other for other in others if judge.want(done, other).logins & want.logins]


def _is_unmarked(done: Done, row: dict[str, Any]) -> bool:
    account = done.after.get(row["target_id"] or "")
    return account is not None and mark_of(account) is None


def _is_linkable(judge: Judge, done: Done, user_id: str, want: Wanted, holders: list[Account]) -> bool:
    if done.policy.existing != "link" or len(holders) != 1 or judge.owned(done.after, user_id):
        return False
    stranger = holders[0]
    sole = not any(
        judge.want(done, other).logins & folds(stranger["loginIds"]) for other in judge.world.people if other != user_id
    )
    untouched = not stranger["customAttributes"].get("doceboPlatform") and not want.logins & judge.world.freed
    # Equal but for case: whether the server finds such a one is its own affair.
    return sole and untouched and want.login in stranger["loginIds"]


@in_a_row("plan", "run")
def plan_is_run(judge: Judge, plan: Done, run: Done) -> Iterator[str]:
    """A run behind a plan does what the plan foresaw."""
    same = (plan.accept, plan.remap, plan.retry, plan.narrow) == (run.accept, run.remap, run.retry, run.narrow)
    if same and plan.code in (0, 3) and run.whole and not judge.world.unforeseen and plan.counts != run.counts:
        yield f"planned {plan.counts}, ran {run.counts}"


@in_a_row("run", "verify")
def verify_agrees(judge: Judge, run: Done, verify: Done) -> Iterator[str]:
    """A verification behind a run finds nothing but what the run told, and what people did themselves."""
    if not run.whole or verify.code not in (0, 3):
        return
    told = run.differing | {user_id for user_id, row in run.rows.items() if row["state"] in NEEDS_PERSON}
    found = [one for one in verify.document["differences"] if one["docebo_user_id"] not in told]
    wrong = [one for one in found if one["class"] == "missing" or not _is_known(judge, verify, one)]
    if wrong:
        yield f"exit {verify.code} {verify.classes} {wrong}"


@always
def verify_is_right(judge: Judge, verify: Done) -> Iterator[str]:
    """A verification that ends with 0 is right: everybody said to have arrived is there, as himself."""
    if verify.command != "verify" or verify.code != 0:
        return
    for user_id, want, account in judge.arrived(verify):
        known = judge.sent(verify, user_id, "login") == {want.login} and not judge.facts(account).edited
        if known and want.login not in folds(account["loginIds"]):
            yield f"user {user_id} has {account['loginIds']}, not {want.login}"
    for user_id, row in verify.rows.items():
        if row["state"] in ARRIVED and row["target_id"] not in verify.after:
            yield f"the account of user {user_id} is not there"


def _is_known(judge: Judge, done: Done, difference: dict[str, Any]) -> bool:
    """Whether a person did it, or it is somebody gone from Docebo whom this checkpoint never met or made."""
    user_id = difference["docebo_user_id"]
    facts = [judge.facts(account) for account in judge.owned(done.after, user_id)]
    others = all(one.made_by != done.book.name for one in facts)
    if user_id not in judge.world.people and (user_id not in done.rows or (difference["class"] == "extra" and others)):
        return True
    return any(one.edited for one in facts)
