"""Who lands in their own Docebo account, through the installed program (docs/decisions/0028)."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from earlier import downgrade, earlier_version
from stored_tables import everything

if TYPE_CHECKING:
    from world import Ended, Place

# The user name of each of eight people; the first one's address stays as it is.
NAMES = ("{email}", "{EMAIL}", "4711", "", "same.name", "SAME.NAME", "gone", "boss")
BOSS = 7


def eight_people(place: Place, **settings: dict[str, Any]) -> list[str]:
    """Their Docebo ids; the last but one is suspended, the last is a superadmin."""
    place.sandbox.control.reset(users=8, difficult=0)
    place.configure(**settings)
    people = place.sources()
    for user, name in zip(people, NAMES, strict=True):
        email = str(user["email"]).lower()
        place.sandbox.control.patch_docebo_user(
            user["user_id"], username=name.format(email=email, EMAIL=email.upper()), status="1", expired=False,
            level="user",
        )  # fmt: skip
    ids = [str(user["user_id"]) for user in people]
    place.sandbox.control.patch_docebo_user(ids[6], status="0")
    place.sandbox.control.patch_docebo_user(ids[BOSS], level="godadmin")
    return ids


def listed(place: Place) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of sso.csv by Docebo id and class."""
    with (place.folder / "reports" / "sso.csv").open(encoding="utf-8", newline="") as file:
        return {(row["docebo_user_id"], row["class"]): row for row in csv.DictReader(file)}


def told(ended: Ended) -> tuple[int, int, dict[str, int]]:
    """Who lands, of how many, and the classes."""
    sso = ended.document["sso"]
    assert sso["of"] == sso["lands"] + sso["unknown"] + sum(
        users for name, users in sso["classes"].items() if _stops(name, sso)
    )
    return sso["lands"], sso["of"], sso["classes"]


def _stops(name: str, sso: dict[str, Any]) -> bool:
    return name != "superadmin_keep_local_login" and (name, sso["match"]) != ("case_only", "ignore_case")


SETTINGS: dict[str, tuple[dict[str, str], int, dict[str, int]]] = {
    "the default": ({}, 6, {"claim_missing": 1, "superadmin_keep_local_login": 1}),
    "the user name, whatever its case": (
        {"match": "ignore_case"},
        4,
        {"claim_missing": 1, "claim_not_unique": 2, "superadmin_keep_local_login": 1},
    ),
    "the address": (
        {"claim": "email"},
        1,
        {"email_is_not_username": 5, "case_only": 1, "superadmin_keep_local_login": 1},
    ),
    "the address, whatever its case": (
        {"claim": "email", "match": "ignore_case"},
        2,
        {"email_is_not_username": 5, "case_only": 1, "superadmin_keep_local_login": 1},
    ),
    "the login id": (
        {"claim": "login_id"},
        1,
        {"email_is_not_username": 5, "case_only": 1, "superadmin_keep_local_login": 1},
    ),
}


def test_everybody_is_counted_by_every_setting_from_what_is_stored(any_place: Place) -> None:
    """Plan, run, status, report and verify agree; another claim needs no other plan, also with erased profiles."""
    place = any_place
    ids = eight_people(place)

    planned = place.forked("plan", "--json")
    foreseen = listed(place)
    ran = place.forked("run", "--yes", "--json")

    assert (planned.code, ran.code) == (0, 0)
    assert told(planned) == told(ran) == (6, 7, SETTINGS["the default"][2])
    assert foreseen.keys() == listed(place).keys() == {
        (ids[3], "claim_missing"), (ids[BOSS], "superadmin_keep_local_login"),
    }  # fmt: skip
    assert {row["descope_user_id"] for row in foreseen.values()} == {""}
    targets = {user["customAttributes"]["doceboUserId"]: user["userId"] for user in place.targets()}
    assert listed(place)[ids[3], "claim_missing"]["descope_user_id"] == targets[ids[3]]
    before = {row["user_id"]: row["target_hash"] for row in everything(place)["source_user"]}
    writes = [entry["path"] for entry in place.journal() if entry["committed"]]

    for sso, ready, classes in SETTINGS.values():
        place.settings["sso"] = sso
        place.configure()
        status, reported = place.forked("status", "--json"), place.forked("report", "--json")
        verified = place.forked("verify", "--json")

        assert [ended.code for ended in (status, reported, verified)] == [0, 0, 0]
        assert told(status) == told(reported) == told(verified) == (ready, 7, classes)
        rows = listed(place).values()
        assert {name: [row["class"] for row in rows].count(name) for name in classes} == classes
        assert sum(row["lands"] == "no" for row in rows) == 7 - ready
    place.settings["sso"] = {"claim": "email"}
    place.configure()
    again = place.forked("run", "--yes", "--json")

    assert (again.code, again.document["actions"]["nothing"]) == (0, 8)
    assert told(again) == (1, 7, SETTINGS["the address"][2])
    assert [entry["path"] for entry in place.journal() if entry["committed"]] == writes
    assert {row["user_id"]: row["target_hash"] for row in everything(place)["source_user"]} == before


def test_people_read_it_on_screen_and_as_the_headline_of_the_page(place: Place) -> None:
    """The page begins with it, and explains each class; the file is its owner's alone."""
    eight_people(place, sso={"claim": "email"})

    planned = place.forked("plan")
    page = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    ran = place.forked("run", "--yes")
    status = place.forked("status")
    final = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")

    assert '<h1 id="headline">1 of 7 would land in their own Docebo account.</h1>' in page
    assert '<h1 id="headline">1 of 7 land in their own Docebo account.</h1>' in final
    assert "<code>email_is_not_username</code>" in final
    assert '<a href="sso.csv">' in final
    assert "1 of 7 would land in their own Docebo account (claim email, match exact): 5" in planned.out
    for ended in (ran, status):
        assert "1 of 7 land in their own Docebo account (claim email, match exact): 5 email_is" in ended.out
    assert (place.folder / "reports" / "sso.csv").stat().st_mode & 0o777 == 0o600
    explained = place.forked("explain", "case_only")
    assert (explained.code, "differ in case alone" in " ".join(explained.out.split())) == (0, True)


def test_an_older_checkpoint_says_what_it_knows(any_place: Place) -> None:
    """Nobody had the attribute; of the address nothing is known before Docebo is read again."""
    place = any_place
    eight_people(place)
    with earlier_version():
        assert place.forked("run", "--yes").code == 0
    downgrade(place)
    assert place.forked("db", "upgrade").code == 0

    assert told(place.forked("status", "--json")) == (0, 7, {"claim_missing": 7})
    place.configure(sso={"claim": "email"})
    unknown = place.forked("status", "--json").document["sso"]
    assert (unknown["lands"], unknown["of"], unknown["unknown"], unknown["classes"]) == (0, 7, 7, {})
    assert "for 7 this is not known until Docebo is read again" in " ".join(place.forked("status").out.split())
    assert told(place.forked("plan", "--json")) == (1, 7, SETTINGS["the address"][2])
    place.settings["sso"] = {}
    place.configure()
    assert told(place.forked("plan", "--json")) == (6, 7, SETTINGS["the default"][2])
    assert told(place.forked("run", "--yes", "--json")) == (6, 7, SETTINGS["the default"][2])


def test_what_changed_since_and_what_descope_has_now_counts(any_place: Place) -> None:
    """A rename that was not sent, a hand in Descope, a claim that is gone, somebody disabled or missing there."""
    place = any_place
    ids = eight_people(place)
    assert place.forked("run", "--yes").code == 0
    targets = {user["customAttributes"]["doceboUserId"]: user for user in place.targets()}

    def change(number: int, **attributes: Any) -> None:
        user = targets[ids[number]]
        kept = {name: value for name, value in (user["customAttributes"] | attributes).items() if value is not None}
        place.sandbox.control.patch_descope_user(user["userId"], customAttributes=kept)

    change(0, doceboUsername="somebody.else")
    change(1, doceboUsername=NAMES[1].lower())
    place.sandbox.control.patch_descope_user(
        targets[ids[2]]["userId"], customAttributes=targets[ids[2]]["customAttributes"] | {"doceboUsername": ""}
    )
    place.sandbox.control.patch_descope_user(targets[ids[4]]["userId"], status="disabled")
    place.sandbox.control.delete_descope_user(targets[ids[5]]["userId"])
    verified = place.forked("verify", "--json")
    status = place.forked("status", "--json")

    classes = {"claim_missing": 2, "claim_differs": 2, "disabled": 1, "superadmin_keep_local_login": 1}
    assert told(verified) == told(status) == (1, 6, classes)

    mended = place.forked("run", "--yes", "--retry", "all", "--json")
    assert told(mended) == (5, 7, {"claim_missing": 1, "disabled": 1, "superadmin_keep_local_login": 1})

    place.sandbox.control.patch_docebo_user(ids[0], username="renamed")
    place.sandbox.control.set_faults(
        {"kind": "status", "path": "patch/batch$", "nth": 1, "params": {"code": 403}, "when": "before"}
    )
    stopped = place.forked("run", "--yes", "--json")
    place.sandbox.control.clear_faults()
    assert (stopped.code, stopped.document["sso"]["classes"].get("renamed_since")) == (4, 1)
    assert told(place.forked("run", "--yes", "--json"))[0] == 5


def test_a_wrong_setting_is_told_with_its_line(place: Place) -> None:
    place.configure(sso={"claim": "username"})

    ended = place.forked("plan")

    assert ended.code == 2
    assert "sso.claim: must be doceboUsername, email or login_id" in " ".join(ended.err.split())


@pytest.mark.parametrize("erased", ["until_done", "always"])
def test_no_personal_data_stays_for_it(place: Place, erased: str) -> None:
    """Neither the columns nor sso.csv nor a redacted report says any user name."""
    eight_people(place, checkpoint={"keep_profiles": erased}, sso={"claim": "email"})
    assert place.forked("run", "--yes").code == 0
    assert place.forked("purge", "--yes").code == 0
    assert place.forked("report", "--redact").code == 0

    assert b"same.name" not in b"".join(path.read_bytes().lower() for path in place.folder.glob("migrator.db*"))
    redacted = list((place.folder / "reports" / "redacted").iterdir())
    assert "sso.csv" in {path.name for path in redacted}
    for path in [*redacted, place.folder / "reports" / "sso.csv"]:
        assert "same.name" not in path.read_text(encoding="utf-8").lower()
    assert told(place.forked("status", "--json")) == (1, 7, SETTINGS["the address"][2])
