"""Why a server cannot be reached: exceptions of the libraries become a few words, never their own texts."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl

import pytest
import requests
import urllib3

from migrator.core.errors import Cause
from migrator.http.unreachable import advise, find_cause

PERSON = "planted.person@example.com"


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, PERSON)
    error.verify_code = code
    return error


def wrapped(error: Exception) -> requests.ConnectionError:
    """As the libraries hand it on: one exception in the arguments or the reason of the next."""
    pool = urllib3.HTTPSConnectionPool("acme.example")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, f"/?search_text={PERSON}", error))


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (socket.gaierror(socket.EAI_NONAME, PERSON), Cause.NO_NAME),
        (socket.gaierror(socket.EAI_AGAIN, PERSON), Cause.NO_NAME),
        (UnicodeError(PERSON), Cause.NO_NAME),
        (ConnectionRefusedError(errno.ECONNREFUSED, PERSON), Cause.REFUSED),
        (OSError(errno.ENETUNREACH, PERSON), Cause.NO_ROUTE),
        (OSError(errno.EHOSTUNREACH, PERSON), Cause.NO_ROUTE),
        (TimeoutError(PERSON), Cause.TIMED_OUT),
        (certificate_error(10), Cause.EXPIRED),
        (certificate_error(9), Cause.NOT_YET_VALID),
        (certificate_error(62), Cause.OTHER_HOST),
        (certificate_error(64), Cause.OTHER_HOST),
        (certificate_error(18), Cause.UNKNOWN_AUTHORITY),
        (certificate_error(20), Cause.UNKNOWN_AUTHORITY),
        (certificate_error(23), Cause.BAD_CERTIFICATE),
        (ssl.SSLError(1, PERSON), Cause.NO_TLS),
        (ssl.SSLEOFError(8, PERSON), Cause.CLOSED),
        (http.client.RemoteDisconnected(PERSON), Cause.CLOSED),
        (http.client.IncompleteRead(b"", 9), Cause.CLOSED),
        (ConnectionResetError(errno.ECONNRESET, PERSON), Cause.RESET),
        (BrokenPipeError(errno.EPIPE, PERSON), Cause.RESET),
        (OSError(errno.EIO, PERSON), Cause.UNKNOWN),
        (http.client.BadStatusLine(PERSON), Cause.UNKNOWN),
    ],
    ids=lambda value: value.name if isinstance(value, Cause) else type(value).__name__,
)
def test_each_cause_is_found_however_deep_it_is_wrapped(error: Exception, cause: Cause) -> None:
    """The bare exception and the one that requests makes of it mean the same."""
    assert find_cause(error) is cause
    assert find_cause(urllib3.exceptions.ProtocolError("Connection aborted.", error)) is cause
    assert find_cause(wrapped(error)) is cause


def test_exceptions_that_contain_each_other_have_an_end() -> None:
    """A chain that is a ring is walked once."""
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert find_cause(one) is Cause.UNKNOWN


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_and_advice_without_what_the_exception_said(cause: Cause) -> None:
    """The advice begins with the setting that names the server, and says one thing more to do."""
    advice = advise(cause, "docebo.base_url (config.yaml, line 2)")

    assert advice.startswith("Check docebo.base_url (config.yaml, line 2). ")
    assert advice == f"Check docebo.base_url (config.yaml, line 2). {advise(cause, '')}"
    assert advise(cause, "").endswith(".")
    assert cause.value[0].islower()
    assert cause.value[-1] != "."
