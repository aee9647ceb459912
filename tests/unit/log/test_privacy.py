"""Logging: nothing secret or personal in it, our own events and the libraries' alike."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from log_events import SECRET, events, set_up

from migrator.core.errors import Refused, StopRun
from migrator.log.setup import get_logger, redact

if TYPE_CHECKING:
    from collections.abc import Iterator


# --- Secrets and personal data ---


@dataclass
class Person:
    """Something whose repr tells too much."""

    email: str = "canary@example.com"


@pytest.mark.parametrize("style", ["console", "json"])
@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"Bearer P2:{SECRET}",
        "canary-s3cret%2Fkey",
        "canary-s3cret\\/key",
        "Y2FuYXJ5LXMzY3JldC9rZXk=",
        {"deep": [{"key": f"x{SECRET}"}]},
        {SECRET: 1},
        (SECRET,),
        {SECRET},
        Path("/tmp") / SECRET,  # noqa: S108 -- nothing is written there
        StopRun(f"refused {SECRET}"),
        ValueError("canary@example.com"),
        Person(),
        b"canary-s3cret/key",
        [[[[[[SECRET]]]]]],
    ],
    ids=repr,
)
def test_no_value_of_an_event_shows_a_secret_or_an_unknown_object(
    tmp_path: Path, style: Literal["console", "json"], value: object
) -> None:
    stream = set_up(style, file=tmp_path / "run.log")

    get_logger("x").error("happened", value=value)

    for text in (stream.getvalue(), (tmp_path / "run.log").read_text()):
        assert "happened" in text
        assert "canary" not in text
        assert "Y2FuYXJ5" not in text


def test_the_event_itself_is_redacted_and_numbers_are_too() -> None:
    stream = set_up(secrets=["canary", "48151623", "77"])

    get_logger("x").info("a canary b", number=48151623, ratio=float("nan"), count=77, other=770)

    (event,) = events(stream.getvalue())
    assert (event["event"], event["number"], event["ratio"]) == ("a *** b", "***", "nan")
    assert (event["count"], event["other"]) == ("***", 770)


def test_redact_serves_error_messages_and_keeps_their_lines() -> None:
    assert redact(f"a\n{SECRET}") == f"a\n{SECRET}"

    set_up()

    assert redact(f"a\n{SECRET}") == "a\n***"


def fail(local: str) -> None:
    secret_local = f"{local}-local-canary"
    try:
        int(secret_local)
    except ValueError as error:
        raise StopRun(f"page 3 could not be read with {SECRET}") from error


@pytest.mark.parametrize("style", ["console", "json"])
def test_an_exception_is_one_line_without_locals_secrets_or_foreign_texts(style: Literal["console", "json"]) -> None:
    stream = set_up(style)

    try:
        fail("canary-argument")
    except StopRun:
        get_logger("x").exception("stopped")

    (line,) = stream.getvalue().splitlines()
    assert "StopRun: page 3 could not be read with ***" in line
    assert re.search(r"test_privacy\.py:\d+ fail", line)
    assert "; caused by ValueError [" in line
    assert "canary" not in line
    assert "Traceback" not in line


def test_an_exception_can_be_given_or_absent() -> None:
    stream = set_up()
    log = get_logger("x")
    error = Refused("GET /v1/user 404", status=404)

    log.error("given", exc_info=error)
    log.error("tuple", exc_info=(type(error), error, None))
    log.error("none", exc_info=True)  # noqa: LOG014 -- must do no harm

    given, as_tuple, none = events(stream.getvalue())
    assert given["exception"] == as_tuple["exception"] == "Refused: GET /v1/user 404"
    assert "exception" not in none


def test_a_chain_of_exceptions_that_bites_its_tail_ends() -> None:
    stream = set_up()
    one, two = StopRun("one"), StopRun("two")
    one.__cause__, two.__cause__ = two, one

    get_logger("x").error("happened", exc_info=one)

    assert events(stream.getvalue())[0]["exception"] == "StopRun: one; caused by StopRun: two"


# --- Libraries ---


@pytest.fixture
def chatty(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    """A library's logger that somebody has set to DEBUG."""
    logger = logging.getLogger(request.param)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.setLevel(before)


@pytest.mark.parametrize(
    "chatty", ["urllib3.connectionpool", "sqlalchemy.engine", "alembic.runtime", "anything"], indirect=True
)
def test_libraries_are_heard_from_warning_up_without_the_values_in_their_messages(chatty: logging.Logger) -> None:
    """Their debug lines print addresses with personal data, whatever level they were set to."""
    stream = set_up(verbosity=2)

    chatty.debug("GET %s", "/v1/user?loginid=canary@example.com")
    chatty.info("BEGIN %s", "canary")
    chatty.warning("Failed to parse headers (url=%s)", "/v1/user?loginid=canary@example.com")
    chatty.error(ValueError("canary"))
    chatty.log(35, "odd %s", "canary")
    try:
        int("canary")
    except ValueError:
        chatty.exception("failed")

    found = events(stream.getvalue())
    assert [(event["level"], event["event"], event["component"]) for event in found] == [
        ("warning", "Failed to parse headers (url=%s)", chatty.name),
        ("error", "ValueError", chatty.name),
        ("warning", "odd %s", chatty.name),
        ("error", "failed", chatty.name),
    ]
    assert "canary" not in stream.getvalue()
    assert found[-1]["exception"].startswith("ValueError [")


def test_setting_up_twice_does_not_double_the_lines(tmp_path: Path) -> None:
    set_up(file=tmp_path / "first.log")
    stream = set_up(file=tmp_path / "second.log")

    logging.getLogger("alembic").warning("once")

    assert len(events(stream.getvalue())) == 1
    assert (tmp_path / "first.log").read_text() == ""
    assert len(events((tmp_path / "second.log").read_text())) == 1
