"""What a batch answer says about each user asked for (docs/reliability.md N13)."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.descope.batch import Failure, MatchedUser, match_answers, nameless_code, parse_batch

KEY = "createdUsers"


def shown(user_id: str, *login_ids: str) -> dict[str, Any]:
    return {"userId": user_id, "loginIds": list(login_ids)}


def matched(answer: dict[str, Any], *login_ids: str) -> dict[str, tuple[str | None, str | None]]:
    """Login id to (id of the user made, code of the failure)."""

    def plain(one: MatchedUser) -> tuple[str | None, str | None]:
        return one.user.user_id if one.user else None, one.failure.code if one.failure else None

    return {login_id: plain(one) for login_id, one in match_answers(parse_batch(answer, KEY), login_ids).items()}


def test_n13_successes_and_failures_are_matched_by_login_id_whatever_their_order() -> None:
    answer = {
        KEY: [shown("U3", "c@x.org"), shown("U1", "extra", "a@x.org")],
        "failedUsers": [{"failure": "[E062107] exists", "user": {"loginIds": ["b@x.org"]}}],
    }

    assert matched(answer, "a@x.org", "b@x.org", "c@x.org") == {
        "a@x.org": ("U1", None),
        "b@x.org": (None, "E062107"),
        "c@x.org": ("U3", None),
    }


def test_n13_a_login_id_is_found_in_every_case_on_either_side() -> None:
    answer = {KEY: [shown("U1", "A@x.org")], "failedUsers": [{"failure": "E011001", "user": {"loginIds": ["B@x.org"]}}]}

    assert matched(answer, "a@X.org", "b@X.org") == {"a@X.org": ("U1", None), "b@X.org": (None, "E011001")}


def test_n13_who_is_in_neither_list_is_unknown_and_who_is_in_both_is_both() -> None:
    answer = {KEY: [shown("U1", "a")], "failedUsers": [{"failure": "E011001", "user": {"loginIds": ["a"]}}]}

    assert matched(answer, "a", "b") == {"a": ("U1", "E011001"), "b": (None, None)}


def test_n13_a_stranger_in_the_answer_is_nobody_we_asked_for() -> None:
    assert matched({KEY: [shown("U9", "z")]}, "a") == {"a": (None, None)}


@pytest.mark.parametrize(
    ("user", "names", "email"),
    [
        ({"loginIds": ["a", "b"]}, ("a", "b"), ""),
        ({"loginIds": ["a", 7, None, ""]}, ("a",), ""),
        ({"loginIds": "abc", "email": "e@x.org"}, (), "e@x.org"),
        ({"loginId": "l", "identifier": "i", "email": "e"}, ("l", "i"), "e"),
        ({"loginIds": ["a"], "loginId": 7, "identifier": None, "email": ""}, ("a",), ""),
        ({"email": 7}, (), ""),
        ({}, (), ""),
        (None, (), ""),
        (["a"], (), ""),
    ],
)
def test_n13_a_failed_user_is_known_by_every_name_the_entry_gives_and_null_by_none(
    user: Any, names: tuple[str, ...], email: str
) -> None:
    assert parse_batch({"failedUsers": [{"failure": "E011001", "user": user}]}, KEY).failed == (
        Failure(names, "E011001", email),
    )


def codes(failed: list[Any], login_ids: list[str], emails: list[str]) -> list[str | None]:
    """The code of each user's failure."""
    found = match_answers(parse_batch({"failedUsers": failed}, KEY), login_ids, emails)
    return [one.failure.code if one.failure else None for one in (found[login_id] for login_id in login_ids)]


def failure(code: str, **user: Any) -> dict[str, Any]:
    return {"failure": code, "user": user}


@pytest.mark.parametrize(
    ("failed", "emails", "wanted"),
    [
        ([failure("E011001", email="B@x.org")], ["a@x.org", "b@x.org"], [None, "E011001"]),
        ([failure("E011001", email="a@x.org")], ["a@x.org", "A@x.org"], [None, None]),
        ([failure("E011001", email="c@x.org")], ["a@x.org", "b@x.org"], [None, None]),
        ([failure("E011001", email="")], ["", "b@x.org"], [None, None]),
        ([failure("E011001", loginIds=["ann"], email="b@x.org")], ["a@x.org", "b@x.org"], ["E011001", None]),
        ([failure("E011001", loginIds=["eve"], email="b@x.org")], ["a@x.org", "b@x.org"], [None, "E011001"]),
        ([failure("E011001", email="ann")], ["a@x.org", "ann"], [None, "E011001"]),
    ],
    ids=["by e-mail", "shared e-mail", "a stranger's", "no e-mail", "login id goes first", "unknown login id",
         "another's login id"],
)  # fmt: skip
def test_b7_a_failure_that_names_the_e_mail_alone_is_whose_e_mail_it_is(
    failed: list[Any], emails: list[str], wanted: list[str | None]
) -> None:
    assert codes(failed, ["ann", "bob"], emails) == wanted


def test_b7_without_e_mails_the_login_ids_stand_for_them() -> None:
    assert codes([failure("E011001", email="B@x.org")], ["a@x.org", "b@x.org"], []) == [None, "E011001"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[E062107] a@x.org exists already", "E062107"),
        ("E011001, then E062107", "E011001"),
        ("E0621070", ""),
        ("xE062107", ""),
        ("e062107", ""),
        ("a@x.org exists", ""),
        (None, ""),
        ({"code": "E011003"}, "E011003"),
    ],
)
def test_only_the_code_of_a_failure_is_kept_because_its_text_may_name_people(text: Any, code: str) -> None:
    assert parse_batch({"failedUsers": [{"failure": text}]}, KEY).failed == (Failure((), code),)


def test_a_failure_without_a_text_has_no_code() -> None:
    assert parse_batch({"failedUsers": [{}]}, KEY).failed == (Failure((), ""),)


@pytest.mark.parametrize(
    ("failed", "silent", "code"),
    [
        ([{"failure": "E011001"}], 1, "E011001"),
        ([{"failure": "E011001"}, {"failure": "E011002"}], 2, "E011001"),
        ([{"failure": "E011001"}], 2, None),
        ([{"failure": "E011001"}, {"failure": "E011001"}], 1, None),
        ([{"failure": "E011001"}, {"failure": "E011002", "user": {"loginId": "a"}}], 1, "E011001"),
        ([{"failure": "E011002", "user": {"loginId": "a"}}], 1, None),
        ([{"failure": "E011002", "user": {"loginId": "z"}}], 1, "E011002"),
        ([{"failure": "E011002", "user": {"email": "z@x.org"}}], 1, "E011002"),
        ([{"failure": "E011002", "user": {"email": "a@x.org"}}], 1, None),
        ([{"failure": "E011001", "user": {"loginId": "a"}}, {"failure": "E011002", "user": {"loginId": "A"}}], 1, None),
        ([], 0, None),
    ],
)
def test_n13_failures_without_a_name_speak_only_when_they_are_as_many_as_the_silent_users(
    failed: list[Any], silent: int, code: str | None
) -> None:
    answer = parse_batch({"failedUsers": failed}, KEY)
    assert nameless_code(answer, silent, match_answers(answer, ["a", "b"], ["a@x.org", "b@x.org"])) == code


@pytest.mark.parametrize("answer", [{KEY: []}, {"failedUsers": []}, {KEY: None, "failedUsers": None}])
def test_one_list_is_enough_and_null_is_an_empty_one(answer: dict[str, Any]) -> None:
    parsed = parse_batch(answer, KEY)
    assert (parsed.done, parsed.failed) == ((), ())


def test_an_answer_with_neither_list_is_told_by_the_name_of_the_missing_one() -> None:
    with pytest.raises(KeyError, match=KEY):
        parse_batch({"users": []}, KEY)


@pytest.mark.parametrize("failed", [{"user": None}, "x", 7])
def test_a_failure_list_that_is_no_list_is_refused(failed: Any) -> None:
    with pytest.raises(TypeError, match=r"^failedUsers has the wrong type$"):
        parse_batch({KEY: [], "failedUsers": failed}, KEY)


def test_every_failure_is_matched_not_only_the_last_one() -> None:
    failed = [{"failure": f"E01100{n}", "user": {"loginIds": [name]}} for n, name in enumerate(("a", "b"), start=1)]

    assert matched({"failedUsers": failed}, "a", "b") == {"a": (None, "E011001"), "b": (None, "E011002")}


def test_an_e_mail_for_each_login_id_or_none_at_all() -> None:
    """Anything between the two would name the wrong user."""
    with pytest.raises(ValueError, match="zip"):
        match_answers(parse_batch({KEY: []}, KEY), ["a", "b"], ["a@x.org"])
