"""The machine that lives through histories: rules for both worlds and for commands, each of which is judged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from history_commands import RETRIES
from history_life import Life
from history_words import ADDRESSES, USERNAMES, mark_of
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

if TYPE_CHECKING:
    from history_commands import Shelf

few = st.integers(0, 7)
flags = st.booleans()
CHANGES = ("move", "rename_login", "rename", "relocate", "suspend_or_bring_back", "suspend_or_bring_back", "blank")
EDITS = ("name", "name", "city", "disable", "enable", "sign_in", "clean_up", "move", "delete", "delete")
RETRY = ("missing", "differs", "all", "login_taken", "deleted_at_descope", "refused")
KILLED_AT = 70  # effects of a run of a few people


def _spoilt(kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "path": path, **more}


# Answers that are lost once the work is done, or come to nothing, or hold less than they say.
FAULTS = (
    _spoilt("status", "/batch$", nth=1, when="after", params={"code": 500}),
    _spoilt("close", "/batch$", nth=1, when="after"),
    _spoilt("status", "update/", nth=1, when="after", params={"code": 503}),
    _spoilt("status", "mgmt/user", probability=0.3, params={"code": 503}),
    _spoilt("status", "manage/v1/user$", probability=0.5, params={"code": 502}),
    _spoilt("cut_json", "user/search$", nth=1, params={"valid": True}),
    _spoilt("cut_json", "users/load$", nth=1, params={"valid": True}),
    _spoilt("cut_json", "manage/v1/user$", nth=2, params={"valid": True}),
)


class History(RuleBasedStateMachine):
    """One history; a subclass names the checkpoints."""

    shelf: ClassVar[Shelf]

    @initialize(
        login_id=st.sampled_from(["email", "email", "username"]),
        extra=flags,
        existing_login=st.sampled_from(["reject", "tolerate", "overwrite"]),
        case=st.sampled_from(["preserve", "lower", "insensitive"]),
        crowd=st.sampled_from([0, 0, 12]),
        hired=st.lists(st.tuples(few, few, few), min_size=2, max_size=4),
        strangers=st.lists(st.tuples(few, few), max_size=2),
        ran=st.sampled_from([True, True, False]),
    )
    def begin(
        self,
        login_id: str,
        extra: bool,
        existing_login: str,
        case: str,
        crowd: int,
        hired: Any,
        strangers: Any,
        ran: bool,
    ) -> None:
        self.life = Life(self.shelf, login_id=login_id, extra=extra)
        self.world = self.life.world
        self.world.set_up(existing_login=existing_login, login_case=case)
        self.world.crowd(crowd)
        for email, username, name in hired:
            self.world.hire(email, username, name)
        for login, name in strangers:
            self.world.sign_up([(*ADDRESSES, *USERNAMES)[login * 2]], name)
        if ran:
            self.life.run()

    # --- Docebo -------------------------------------------------------------------------------

    @rule(email=few, username=few, name=few)
    def hire(self, email: int, username: int, name: int) -> None:
        if len([user_id for user_id in self.world.people if int(user_id) < 100]) < 7:
            self.world.hire(email, username, name)

    @rule(who=few, what=st.sampled_from(CHANGES), value=few)
    def change(self, who: int, what: str, value: int) -> None:
        if (user_id := self.world.someone(who)) is not None:
            getattr(self.world, what)(user_id, value)

    @rule(who=few, what=st.sampled_from(CHANGES), value=few)
    def change_more(self, who: int, what: str, value: int) -> None:
        self.change(who, what, value)

    @rule(who=few, what=st.sampled_from(EDITS), edited=flags, change=st.sampled_from(CHANGES), value=few)
    def both(self, who: int, what: str, edited: bool, change: str, value: int) -> None:
        """Somebody's record and account change between two runs."""
        user_id = self.world.someone(who)
        accounts = [one for one in self.world.accounts().values() if mark_of(one) == (self.world.platform, user_id)]
        if accounts and edited:
            self.edit(accounts[0], what, value)
        self.change(who, change, value)

    @rule(one=few, other=few, value=few, how=st.sampled_from(["take_over", "swap", "swap_names"]))
    def cross(self, one: int, other: int, value: int, how: str) -> None:
        first, second = self.world.someone(one), self.world.someone(other)
        if first is None or second is None or first == second:
            return
        if how == "take_over":
            self.world.take_over(first, second, value)
        else:
            self.world.swap(first, second, "email" if how == "swap" else "username")

    @rule(who=few, how=st.sampled_from(["fire", "make_anew"]))
    def leave(self, who: int, how: str) -> None:
        if (user_id := self.world.someone(who)) is not None:
            getattr(self.world, how)(user_id)

    @precondition(lambda self: self.world.gone)
    @rule(who=few)
    def list_again(self, who: int) -> None:
        self.world.list_again(who)

    # --- Descope ------------------------------------------------------------------------------

    @rule(first=st.integers(0, 15), second=st.integers(-8, 15), name=few, half=st.sampled_from([False, False, True]))
    def sign_up(self, first: int, second: int, name: int, half: bool) -> None:
        pool = (*ADDRESSES, *USERNAMES)
        self.world.sign_up([pool[first], *([pool[second]] if second >= 0 else [])], name, half_mark=half)

    @rule(who=few, ours=st.sampled_from([True, True, True, False]), what=st.sampled_from(EDITS), value=few)
    def at_descope(self, who: int, ours: bool, what: str, value: int) -> None:
        account = self.world.account(who, ours=ours)
        if account is not None:
            self.edit(account, what, value)

    def edit(self, account: dict[str, Any], what: str, value: int) -> None:
        """Something happens to an account."""
        attributes = account["customAttributes"]
        match what:
            case "name":
                self.world.edit(account, name=f"Own Name {value}")
            case "city":
                self.world.edit(account, customAttributes=attributes | {"city": f"Own City {value}"})
            case "disable" | "enable":
                self.world.set_status(account, f"{what}d")
            case "sign_in":
                self.world.sign_in(account)
            case "clean_up":
                self.world.clean_up(account)
            case "move":
                self.world.move_at_descope(account, value)
            case "delete":
                self.world.delete_account(account)

    @rule(what=st.sampled_from(["merge", "dislike", "forget_city", "wipe"]), one=few, other=few, ours=flags)
    def trouble(self, what: str, one: int, other: int, ours: bool) -> None:
        first, second = self.world.account(one, ours=True), self.world.account(other, ours=ours)
        match what:
            case "merge" if first is not None and second is not None:
                self.world.merge(first, second)
            case "dislike" if not self.world.disliked:
                self.world.dislike((*ADDRESSES, *USERNAMES)[one + other])
            case "forget_city":
                self.world.forget_city(forgets=not self.world.forgets)
            case "wipe" if one == other:
                self.world.wipe()

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=2, unique_by=repr))
    def spoil(self, faults: list[dict[str, Any]]) -> None:
        if faults or self.world.spoilt:
            self.world.spoil(*faults)

    # --- commands -----------------------------------------------------------------------------

    def accepts(self, wanted: bool) -> bool:
        """Nobody says that people left who cannot see them."""
        return wanted and self.world.rights == "super_admin"

    @rule(accept=flags, remap=st.sampled_from([False, False, False, True]))
    def run(self, accept: bool, remap: bool) -> None:
        self.life.run(accept_shrink=self.accepts(accept), remap=remap)

    @rule(accept=flags)
    def run_twice(self, accept: bool) -> None:
        self.life.run_twice(accept_shrink=self.accepts(accept))

    @rule(accept=flags, remap=st.sampled_from([False, False, False, True]), then=flags)
    def plan(self, accept: bool, remap: bool, then: bool) -> None:
        options: dict[str, Any] = {"accept_shrink": self.accepts(accept), "remap": remap}
        self.life.plan(**options)
        if then:
            self.life.run(**options)

    @precondition(lambda _: RETRIES)
    @rule(accept=flags, what=st.sampled_from(RETRY))
    def retry(self, accept: bool, what: str) -> None:
        self.life.run(accept_shrink=self.accepts(accept), retry=(what,))

    @rule(limit=st.integers(1, 3), text=st.sampled_from(["", "ann", "@"]), accept=flags)
    def narrow_run(self, limit: int, text: str, accept: bool) -> None:
        options: dict[str, Any] = {"search_text": text} if text else {"limit": limit}
        self.life.run(accept_shrink=self.accepts(accept), **options)

    @rule(accept=flags)
    def binding_plan(self, accept: bool) -> None:
        self.life.judged(self.life.commands.plan_to_file(accept_shrink=self.accepts(accept)))

    @precondition(lambda self: self.life.commands.plan_file)
    @rule(accept=flags)
    def run_of_a_binding_plan(self, accept: bool) -> None:
        self.life.run(plan_file=self.life.commands.plan_file, accept_shrink=self.accepts(accept))

    @rule()
    def verify(self) -> None:
        self.life.verify()

    @rule(at=st.integers(1, KILLED_AT), accept=flags)
    def killed_run(self, at: int, accept: bool) -> None:
        self.life.killed_run(at, accept_shrink=self.accepts(accept))

    @rule(at=st.integers(0, 14), level=st.sampled_from(["admin", "admin", "user"]), sees=st.integers(0, 3), back=few)
    def run_without_rights(self, at: int, level: str, sees: int, back: int) -> None:
        """They are lost before the run or during it, and mostly given back behind it."""
        if at == 0:
            self.world.lose_rights(level, sees)
            self.life.run()
        else:
            self.life.run_until(at, lambda: self.world.lose_rights(level, sees))
        if back:
            self.world.give_rights_back()

    @rule(at=st.integers(5, 30), who=few, what=st.sampled_from(CHANGES), value=few)
    def run_while_people_change(self, at: int, who: int, what: str, value: int) -> None:
        self.life.run_until(at, lambda: self.change(who, what, value))

    @rule(what=st.sampled_from(["existing", "existing", "duplicates", "include", "extra"]), value=few)
    def settings(self, what: str, value: int) -> None:
        commands = self.life.commands
        match what:
            case "existing":
                commands.set_policy(existing="link" if commands.policy.existing == "conflict" else "conflict")
            case "duplicates":
                commands.set_policy(duplicate_email=("conflict", "oldest", "newest_login")[value % 3])
            case "include":
                commands.set_policy(active_only=not commands.policy.active_only)
            case "extra":
                commands.set_mapping(extra=not commands.mapping.extra)

    @rule(what=st.sampled_from(["other", "other", "back_up", "restore", "restore"]), runs=flags, accept=flags)
    def checkpoints(self, what: str, runs: bool, accept: bool) -> None:
        commands = self.life.commands
        {"other": commands.other_checkpoint, "back_up": commands.back_up, "restore": commands.restore}[what]()
        if runs and what != "back_up":
            self.life.run(accept_shrink=self.accepts(accept))

    def teardown(self) -> None:
        """In the end everything is given back, and a run, a repeat and a verification agree."""
        if sys.exc_info()[0] is None and hasattr(self, "life"):
            self.life.end()
