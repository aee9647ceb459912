"""The judge outside the program: the invariants I1-I10 of the matrix, from journals, final reads and checkpoint.

It shares no code with the program beyond the words of `model.py`; what a target must look like is worked out
here a second time, from the Docebo record alone.
"""

from __future__ import annotations

import base64
import html
import json
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import create_engine, text

from migrator.sandbox.process import CLIENT_SECRET, MANAGEMENT_KEY, PASSWORD

if TYPE_CHECKING:
    from world import Ended, Place

SECRETS = (CLIENT_SECRET, PASSWORD, MANAGEMENT_KEY)
ARRIVED = {"created", "updated", "unchanged"}
STATES = ARRIVED | {"rejected", "conflict", "failed", "vanished", "skipped"}
WRITES = {"create", "create/batch", "patch", "patch/batch", "update/email", "update/phone", "update/loginid"}
CONTACT = ("invite", "sendMail", "sendSMS")


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
    platform = place.sandbox.docebo_url.removeprefix("http://")
    users = {str(user["user_id"]): user for user in state["docebo"]["users"]}
    strangers = {user["userId"]: user for user in state["descope"]["users"] if not _is_marked(user, platform)}
    return Before(users, strangers, len(place.sandbox.control.journal()), platform)


def check(place: Place, start: Before, *ended: Ended, whole: bool = True) -> Verdict:
    """Check every invariant; `whole` says that the migration ended, so that nobody may be open."""
    entries = place.sandbox.control.journal(start.journal)
    descope = [entry for entry in entries if entry["api"] == "descope"]
    users = place.targets()
    rows = read_rows(place.checkpoint, place)
    ours = [user for user in users if _is_marked(user, start.platform)]
    targets = {user["customAttributes"]["doceboUserId"]: user for user in ours}

    _nobody_doubled(ours, descope)
    _no_stranger_touched(start, users, descope)
    _nobody_contacted(descope)
    _no_secret(place, ended)
    _bounded(descope)
    if whole:
        _nobody_lost(place, start, rows, targets)
        _books_close(rows, ended)
    creates = sum(1 for entry in descope for effect in entry["committed"] if effect["op"] == "create")
    writes = sum(1 for entry in descope if _is_write(entry))
    return Verdict(rows, targets, creates, writes, Counter(row["state"] for row in rows.values()))


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


def _is_marked(user: dict[str, Any], platform: str) -> bool:
    return bool((user.get("customAttributes") or {}).get("doceboPlatform") == platform)


def _nobody_doubled(ours: list[dict[str, Any]], descope: list[dict[str, Any]]) -> None:
    """I2: one target per source id, one committed create per login."""
    marks = Counter(user["customAttributes"]["doceboUserId"] for user in ours)
    assert [mark for mark, number in marks.items() if number > 1] == []
    logins = Counter(
        login
        for entry in descope
        for effect in entry["committed"]
        if effect["op"] in ("create", "overwrite")
        for login in effect["loginIds"]
    )
    assert [login for login, number in logins.items() if number > 1] == []


def _no_stranger_touched(start: Before, users: list[dict[str, Any]], descope: list[dict[str, Any]]) -> None:
    """I3: strangers are equal to the byte, and no effect names one."""
    now = {user["userId"]: user for user in users}
    for user_id, user in start.strangers.items():
        assert json.dumps(now.get(user_id), sort_keys=True) == json.dumps(user, sort_keys=True)
    touched = [e for entry in descope for e in entry["committed"] if e.get("userId") in start.strangers]
    assert touched == []


def _nobody_contacted(descope: list[dict[str, Any]]) -> None:
    """I9: no invitation, no mail, no message, no password."""
    for entry in descope:
        body = entry["body"] if isinstance(entry["body"], dict) else {}
        for part in (body, *[user for user in body.get("users") or [] if isinstance(user, dict)]):
            assert not any(part.get(key) for key in CONTACT)
            assert not {"password", "hashedPassword", "test"} & part.keys()
        assert not any(word in entry["path"] for word in ("invite", "otp", "magiclink", "/auth/"))


def _no_secret(place: Place, ended: tuple[Ended, ...]) -> None:
    """I7: no planted secret in any output or file, raw or encoded; the configuration itself aside."""
    texts = [end.out + end.err for end in ended]
    blobs = [text_.encode() for text_ in texts]
    blobs += [path.read_bytes() for path in place.folder.rglob("*") if path.is_file() and path != place.config_path]
    forms = {form for secret in SECRETS for form in _forms(secret)}
    assert [form for form in forms for blob in blobs if form in blob] == []


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    return {raw, quote(secret).encode(), base64.b64encode(raw).rstrip(b"="), json.dumps(secret)[1:-1].encode()}


def _bounded(descope: list[dict[str, Any]]) -> None:
    """I10: no batch beyond 100, no body beyond 1 MB."""
    for entry in descope:
        body = entry["body"] if isinstance(entry["body"], dict) else {}
        assert len(body.get("users") or []) <= 100
        assert len(body.get("loginIds") or []) <= 100
        assert len(json.dumps(body)) <= 1_000_000


def _nobody_lost(
    place: Place, start: Before, rows: dict[str, dict[str, Any]], targets: dict[str, dict[str, Any]]
) -> None:
    """I1 and I4: everybody there throughout has one final state, and who arrived is right in every field."""
    now = {str(user["user_id"]): user for user in place.sources()}
    throughout = [user_id for user_id, user in start.users.items() if now.get(user_id) == user]
    assert [user_id for user_id in throughout if user_id not in rows] == []
    for user_id in throughout:
        row = rows[user_id]
        if row["state"] in ARRIVED:
            assert user_id in targets, f"user {user_id} is said to be {row['state']} and is not there"
            assert difference(targets[user_id], start.users[user_id], start.platform) == {}
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


def _is_write(entry: dict[str, Any]) -> bool:
    return entry["path"].partition("/mgmt/user/")[2] in WRITES or entry["path"].endswith("customattribute/create")


# --- what a target must look like, worked out again ------------------------------------------------


def difference(user: dict[str, Any], record: dict[str, Any], platform: str) -> dict[str, tuple[Any, Any]]:
    """Fields of a created user that differ from what design section 6 asks, as {field: (found, expected)}."""
    wanted = expected(record, platform)
    attributes = user.get("customAttributes") or {}
    found = {key: user.get(key) for key in wanted if key != "customAttributes"}
    pairs = {key: (found[key], wanted[key]) for key in found if (found[key] or "") != (wanted[key] or "")}
    for key, value in wanted["customAttributes"].items():
        if attributes.get(key) != value:
            pairs[key] = (attributes.get(key), value)
    if wanted["email"] not in user["loginIds"]:
        pairs["loginIds"] = (user["loginIds"], wanted["email"])
    return pairs


def expected(record: dict[str, Any], platform: str) -> dict[str, Any]:
    """The default target of a record that can be migrated (default mapping)."""
    email = str(record["email"]).strip().lower()
    first, last = _name(record.get("first_name")), _name(record.get("last_name"))
    avatar = str(record.get("avatar") or "")
    active = str(record["status"]) == "1" and record.get("expired") not in (True, "1", 1)
    return {
        "email": email,
        "verifiedEmail": str(record.get("email_validation_status")) == "1",
        "name": _name(record.get("fullname")) or _name(f"{first} {last}"),
        "givenName": first,
        "familyName": last,
        "phone": "",
        "picture": avatar if avatar.startswith("https://") else "",
        "status": "enabled" if active else "disabled",
        "customAttributes": {
            "doceboUserId": str(record["user_id"]),
            "doceboPlatform": platform,
            "freshlyMigrated": True,
        },
    }


def _name(value: object) -> str:
    decoded = html.unescape(str(value or ""))
    clean = "".join(char for char in decoded if unicodedata.category(char) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", clean).strip()[:254].strip()
