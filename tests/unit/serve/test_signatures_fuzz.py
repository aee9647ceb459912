"""Whatever a client sends, nothing but a refusal comes of it, unless it holds the key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signed_requests import judge, signed

from migrator.serve.signatures import SignatureRefused

NAMES = st.sampled_from(["signature", "Signature-Input", "content-digest", "Content-Digest", "host", "x"])
PIECES = st.sampled_from(
    [
        "pyhms=", '("@method" "@path" "content-digest")', '"@query-param";name="x"', '"content-digest";key="a"', "()",
        ":YQ==:", ";created=1800000000", ";created=-999999999999999", ";created=@1", ";created=1.5", ';nonce="n"',
        ';keyid="k"', ";alg=x", ";expires=0", ", ", " ", "=", '"', "\\", '%"f%c3%bc"', "sha-256=", "?1",
        "@99999999999999", "\x00", "ü", "\r\n ",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=60), st.lists(PIECES, max_size=12).map(lambda parts: "".join(parts).encode("latin-1"))
)
HEADERS = st.lists(st.tuples(st.one_of(NAMES.map(str.encode), st.binary(max_size=8)), VALUES), max_size=6)


@given(st.text(max_size=8), st.text(max_size=20), st.text(max_size=20), HEADERS, st.binary(max_size=20))
def test_whatever_a_client_sends_without_the_key_is_refused(
    method: str, target: str, authority: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """And nothing but a refusal comes of it."""
    for where in ((method, target, authority), ("POST", "/v1/jit/resolve", "jit.example.org")):
        with pytest.raises(SignatureRefused):
            judge().check(*where, headers, body)


@given(st.data())
def test_a_signed_request_that_was_tampered_with_does_not_count(data: st.DataObject) -> None:
    """Wherever a piece is put into the headers: what is signed is as it was, or the request is refused."""
    request = signed()
    lines = request.lines()
    at = data.draw(st.integers(0, len(lines) - 1))
    name, value = lines[at]
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, len(value)))
    piece = data.draw(VALUES)
    lines[at] = name, value[:start] + piece + value[end:]

    try:
        judge().check(request.method, request.target, request.authority, lines, request.body)
    except SignatureRefused:
        return
    told = dict(lines)
    assert b"pyhms=(" in told[b"signature-input"]
    assert told[b"content-digest"].strip(b" \t") == request.headers["Content-Digest"].encode()
