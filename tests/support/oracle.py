"""The judge outside the program: what docs/reliability.md I1 to I10 promise, from journals, final reads and checkpoint.

It shares no code with the program beyond the words of `model.py`; what a target must look like is worked out a
second time in `wanted.py`.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import wanted
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from virtual_clock import VirtualClock

from migrator.sandbox.process import CLIENT_SECRET, MANAGEMENT_KEY, PASSWORD

if TYPE_CHECKING:
    from world import Ended, Place

SECRETS = (CLIENT_SECRET, PASSWORD, MANAGEMENT_KEY)
ARRIVED = {"created", "updated", "unchanged"}
STATES = ARRIVED | {"rejected", "conflict", "failed", "vanished", "skipped"}
WRITES = {
    "create", "create/batch", "patch", "patch/batch", "delete/batch", "update/email", "update/phone", "update/loginid",
}  # fmt: skip
CONTACT = ("invite", "sendMail", "sendSMS")
EXIT_CODES = {0, 2, 3, 4, 5, 130, 143, -9}  # -9 is the kill of a test; 1 would be a bug
REPORTS = ("problems.csv", "crosswalk.csv")

Entries = list[dict[str, Any]]


@dataclass
class Before:
    """The world before the migration: strangers as they were, and where the journal stood."""

    users: dict[str, dict[str, Any]]
    strangers: dict[str, dict[str, Any]]
    journal: int
    platform: str


@dataclass
class Verdict:
    """What the judge saw, for further questions of a test."""

    rows: dict[str, dict[str, Any]]
    targets: dict[str, dict[str, Any]]
    creates: int
    writes: int
    states: Counter[str] = field(default_factory=Counter)


def before(place: Place) -> Before:
    """Look at the world before anything is migrated."""
    state = place.sandbox.control.state()
    platform = _platform(place)
    users = {str(user["user_id"]): user for user in state["docebo"]["users"]}
    strangers = {user["userId"]: user for user in state["descope"]["users"] if not _is_marked(user, platform)}
    return Before(users, strangers, len(place.sandbox.control.journal()), platform)


def check(place: Place, start: Before, *ended: Ended, whole: bool = True, again: bool = False) -> Verdict:
    """Check every invariant.

    Args:
        ended: the commands that ran, the last one last.
        whole: the migration ended, so that nobody may be open.
        again: run once more, which must change nothing (I6).
    """
    journal = place.sandbox.control.journal(start.journal)
    rows = read_rows(place.checkpoint, place)
    ours = _anytime(place, journal, rows)
    users = place.targets()
    targets = {user["customAttributes"]["doceboUserId"]: user for user in ours}

    _no_stranger_touched(start, users)
    _outputs_are_clean(place, ended)
    if whole:
        _nobody_lost(place, start, rows, targets)
        _books_close(rows, ended)
        _profiles_are_gone(place, rows)
    writes = sum(1 for entry in journal if _is_write(entry))
    states = Counter(row["state"] for row in rows.values())
    verdict = Verdict(rows, targets, len(_effects(journal, "create")), writes, states)
    if again:
        _repeat_is_a_no_op(place, start, verdict)
    return verdict


def anytime(place: Place) -> None:
    """Check what holds at every moment of every test, with no look at the world before (I2-I4, I7, I9, I10).

    The whole of I1, I5, I6 and I8 needs the test's own word on when its migration has ended: `check`.
    """
    try:
        rows = read_rows(place.checkpoint, place)
    except DBAPIError:  # there is no checkpoint, or it was spoilt on purpose
        rows = {}
    _anytime(place, place.sandbox.control.journal(), rows)


def read_rows(url: str, place: Place) -> dict[str, dict[str, Any]]:
    """The checkpoint's rows by user id, read past the program."""
    if url.startswith("sqlite:///"):
        url = f"sqlite:///{place.folder / url.removeprefix('sqlite:///')}"
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT * FROM source_user")).mappings().all()
    finally:
        engine.dispose()
    return {row["user_id"]: dict(row) for row in found}


def _anytime(place: Place, journal: Entries, rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Check what needs no look at the world before; returns the users with our mark."""
    platform = _platform(place)
    ours = [user for user in place.targets() if _is_marked(user, platform)]
    docebo, entries = ([entry for entry in journal if entry["api"] == api] for api in ("docebo", "descope"))
    _source_only_read(docebo)
    _nobody_doubled(ours, place.targets(), entries)
    _only_ours_changed(ours, entries, platform)
    _deleted_are_undone(rows, entries)
    _success_was_seen(rows, entries)
    _nobody_contacted(entries)
    _no_secret(place, journal)
    _bounded(entries)
    return ours


def _platform(place: Place) -> str:
    return place.sandbox.docebo_url.removeprefix("http://")


def _sources(place: Place) -> dict[str, dict[str, Any]]:
    return {str(user["user_id"]): user for user in place.sources()}


def _is_marked(user: dict[str, Any], platform: str) -> bool:
    attributes = user.get("customAttributes") or {}
    return bool(attributes.get("doceboPlatform") == platform and attributes.get("doceboUserId"))


def _effects(entries: Entries, *ops: str) -> list[dict[str, Any]]:
    return [effect for entry in entries for effect in entry["committed"] if effect["op"] in ops or not ops]


def _source_only_read(docebo: Entries) -> None:
    """I1: nothing is asked of Docebo that could change anybody there."""
    asked = {(entry["method"], entry["path"]) for entry in docebo}
    assert {(method, path) for method, path in asked if method != "GET"} <= {("POST", "/oauth2/token")}


def _nobody_doubled(ours: list[dict[str, Any]], users: list[dict[str, Any]], entries: Entries) -> None:
    """I2: no target created for a source id that has one, one committed create per login."""
    created = {effect["userId"] for effect in _effects(entries, "create")}
    marks = Counter(user["customAttributes"]["doceboUserId"] for user in ours)
    assert [u for u in ours if u["userId"] in created and marks[u["customAttributes"]["doceboUserId"]] > 1] == []
    # Whom somebody deleted in Descope may be created anew.
    there = {user["userId"] for user in users}
    assert _created_twice([one for one in _effects(entries) if one.get("userId") in there]) == []


def _created_twice(effects: Entries) -> list[str]:
    """Logins with which a user was created or overwritten while one created earlier had them."""
    twice: list[str] = []
    has: dict[str, list[str]] = {}
    taken: Counter[str] = Counter()
    for effect in effects:
        user_id, logins = effect["userId"], effect.get("loginIds", [])
        is_made = effect["op"] in ("create", "overwrite")
        twice += [login for login in logins if is_made and taken[login]]
        if is_made or (user_id in has and "loginIds" in effect):  # a login that somebody gave up can be created anew
            taken.subtract(has.get(user_id, ()))
            taken.update(logins)
            has[user_id] = logins
    return twice


def _only_ours_changed(ours: list[dict[str, Any]], entries: Entries, platform: str) -> None:
    """I3: no effect on a user that we did not create and that never bore our mark, and nobody merged away."""
    created = {effect["userId"] for effect in _effects(entries, "create")}
    known = {user["userId"] for user in ours} | created | _linked_meanwhile(entries, platform)
    assert [effect for effect in _effects(entries) if effect.get("userId", "") not in {*known, ""}] == []
    assert _effects(entries, "overwrite", "merge_delete") == []


def _linked_meanwhile(entries: Entries, platform: str) -> set[str]:
    """The users to whom a patch gave our mark, and an undo perhaps took it again."""
    linked = set()
    for entry in entries:
        body = entry["body"] if entry["path"].endswith("/patch/batch") and isinstance(entry["body"], dict) else {}
        given = [one for one in body.get("users") or [] if _is_marked(one, platform)]
        logins = {one.get("loginId") for one in given}
        linked |= {one["userId"] for one in entry["committed"] if not logins.isdisjoint(one.get("loginIds", ()))}
    return linked


def _deleted_are_undone(rows: dict[str, dict[str, Any]], entries: Entries) -> None:
    """I3: only an undo deletes, and only whom a run created; the books say so, or have the intent."""
    created = {effect["userId"] for effect in _effects(entries, "create")}
    deleted = {effect["userId"] for effect in _effects(entries, "delete")}
    assert deleted - created == set()
    assert [row for row in rows.values() if row["target_id"] in deleted and not row.get("undoing")] == []


def _no_stranger_touched(start: Before, users: list[dict[str, Any]]) -> None:
    """I3: strangers are equal to the byte."""
    now = {user["userId"]: user for user in users}
    for user_id, user in start.strangers.items():
        assert json.dumps(now.get(user_id), sort_keys=True) == json.dumps(user, sort_keys=True)


def _success_was_seen(rows: dict[str, dict[str, Any]], entries: Entries) -> None:
    """I4: of each user created meanwhile and said to have arrived, an answer that was sent has told so."""
    created = {effect["userId"] for effect in _effects(entries, "create")}
    told = {user_id for entry in entries for user_id in entry["told"]}
    claimed = {row["target_id"] for row in rows.values() if row["state"] in ARRIVED}
    assert claimed & created - told == set()


def _nobody_contacted(entries: Entries) -> None:
    """I9: no invitation, no mail, no message, no password."""
    for entry in entries:
        body = entry["body"] if isinstance(entry["body"], dict) else {}
        for part in (body, *[user for user in body.get("users") or [] if isinstance(user, dict)]):
            assert not any(part.get(key) for key in CONTACT)
            assert not {"password", "hashedPassword", "test"} & part.keys()
        assert not any(word in entry["path"] for word in ("invite", "otp", "magiclink", "/auth/"))


def _no_secret(place: Place, journal: Entries) -> None:
    """I7: no planted secret in any file or address, raw or encoded; the configuration itself aside."""
    files = [path for path in place.folder.rglob("*") if path.is_file() and path != place.config_path]
    texts = {path.name: path.read_bytes() for path in files}
    texts["addresses"] = json.dumps([(entry["path"], entry["query"]) for entry in journal]).encode()
    forms = {form for secret in SECRETS for form in _forms(secret)}
    assert [(form, name) for name, content in texts.items() for form in forms if form in content] == []


def _outputs_are_clean(place: Place, ended: tuple[Ended, ...]) -> None:
    """I7, I8, I10: no secret in any output, nobody's data in any log, and a documented exit code."""
    printed = "".join(end.out + end.err for end in ended).encode()
    assert [form for secret in SECRETS for form in _forms(secret) if form in printed] == []
    logs = [end.err for end in ended] + [path.read_text(encoding="utf-8") for path in place.folder.glob("*.log")]
    people = [person for user in place.sources() for person in _personal(user)] if any(logs) else []
    assert [person for person in people for log in logs if person in log] == []
    assert {end.code for end in ended} <= EXIT_CODES


def _personal(user: dict[str, Any]) -> set[str]:
    """What names a person beyond doubt: an address, or first and last name together."""
    values = (str(user.get(key) or "").strip() for key in ("email", "username", "fullname"))
    return {value for value in values if "@" in value[1:-1] or " " in value}


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    return {raw, quote(secret).encode(), base64.b64encode(raw).rstrip(b"="), json.dumps(secret)[1:-1].encode()}


def _bounded(entries: Entries) -> None:
    """I10: no batch beyond 100, no body beyond 1 MB."""
    for entry in entries:
        body = entry["body"] if isinstance(entry["body"], dict) else {}
        assert len(body.get("users") or []) <= 100
        assert len(body.get("loginIds") or []) <= 100
        assert len(json.dumps(body)) <= 1_000_000


def _nobody_lost(
    place: Place, start: Before, rows: dict[str, dict[str, Any]], targets: dict[str, dict[str, Any]]
) -> None:
    """I1: everybody there throughout has one final state, and who arrived is right in every field."""
    now = _sources(place)
    throughout = start.users.keys() & now.keys()
    assert throughout - rows.keys() == set()
    for user_id in throughout:
        row = rows[user_id]
        if row["state"] in ARRIVED:
            assert user_id in targets, f"user {user_id} is said to be {row['state']} and is not there"
            assert wanted.difference(targets[user_id], now[user_id], start.platform) == {}
            assert row["target_id"] == targets[user_id]["userId"]
        else:
            assert row["reason"], f"user {user_id} is {row['state']} for no reason"
            assert row["target_id"] or user_id not in targets


def _books_close(rows: dict[str, dict[str, Any]], ended: tuple[Ended, ...]) -> None:
    """I5: nobody is open, and the last command's figures are the checkpoint's."""
    states = Counter(row["state"] for row in rows.values())
    assert not set(states) - STATES
    if not ended:
        return
    last = ended[-1]
    if last.out.startswith("{") and "counts" in last.out:
        counts = dict(last.document["counts"])
        assert counts.pop("found") == len(rows) == sum(counts.values())
        assert {state: number for state, number in counts.items() if number} == dict(states)
    needs_person = states["rejected"] + states["conflict"] + states["failed"]
    assert last.code == (3 if needs_person else 0)


def _profiles_are_gone(place: Place, rows: dict[str, dict[str, Any]]) -> None:
    """I8: whoever arrived has no profile in the checkpoint any more, nor in an SQLite file's raw bytes."""
    if place.settings.get("checkpoint", {}).get("keep_profiles") == "always":
        return
    done = {user_id for user_id, row in rows.items() if row["state"] in ARRIVED}
    assert [user_id for user_id in done if rows[user_id]["profile"] or rows[user_id]["raw"]] == []
    emails = {user_id: str(user.get("email") or "").lower() for user_id, user in _sources(place).items()}
    kept = {email for user_id, email in emails.items() if user_id not in done}
    raw = b"".join(path.read_bytes() for path in place.folder.glob("migrator.db*")).lower()
    gone = {email for user_id, email in emails.items() if user_id in done} - kept
    assert [email for email in gone if email.encode() in raw] == []


def _repeat_is_a_no_op(place: Place, start: Before, verdict: Verdict) -> None:
    """I6: one more run writes nothing, and its lists are the same."""
    reports = place.folder / "reports"
    lists = {name: (reports / name).read_bytes() for name in REPORTS}
    figures = place.migrate(VirtualClock())
    assert figures.error is None
    after = check(place, start)
    assert (after.writes, after.states) == (verdict.writes, verdict.states)
    assert {name: (reports / name).read_bytes() for name in REPORTS} == lists


def _is_write(entry: dict[str, Any]) -> bool:
    return entry["path"].partition("/mgmt/user/")[2] in WRITES or entry["path"].endswith("customattribute/create")
