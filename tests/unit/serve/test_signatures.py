"""Only whoever holds the private key gets a request through, once, lately and unchanged; all else is refused."""

from __future__ import annotations

import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from http_message_signatures import ContentDigest
from signed_requests import BODY, COVERED, KEY, NOW, OTHER_KEY, Asked, judge, pem, signed, verdict

from migrator.core.errors import ConfigError
from migrator.serve.signatures import RequestSignatures, SignatureFault, SignatureRefused

# RFC 9421, appendix B: the key of B.1.4, the request of B.2, the signature of B.2.6.
RFC_KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
RFC_HEADERS = [
    (b"Host", b"example.com"),
    (b"Date", b"Tue, 20 Apr 2021 02:07:55 GMT"),
    (b"Content-Type", b"application/json"),
    (
        b"Content-Digest",
        b"sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    ),
    (b"Content-Length", b"18"),
    (
        b"Signature-Input",
        (
            b'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
            b';created=1618884473;keyid="test-key-ed25519"'
        ),
    ),
    (
        b"Signature",
        b"sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    ),
]


@pytest.mark.parametrize(
    "request_",
    [
        signed(),
        signed(covered=("content-digest", "@target-uri", "@authority", "content-type", "@method")),
        signed(Asked(scheme="http"), covered=("@method", "@target-uri", "content-digest")),
        signed(Asked(target="/v1/jit/resolve?x=%20y"), covered=("@method", "@path", "@query", "content-digest")),
        signed(Asked(authority="[::1]:8484"), covered=("@method", "@target-uri", "content-digest")),
        signed(include_alg=False),
        signed(Asked(body=b"")),
        signed(expires=datetime.fromtimestamp(NOW, UTC)),
        signed(age=300),
        signed(age=-300),
    ],
    ids=["path", "more", "http", "query", "address", "no alg", "no body", "expires", "oldest", "ahead"],
)
def test_a_signature_that_follows_the_rules_is_good(request_: Asked) -> None:
    assert verdict(request_) == "good"


def test_without_a_signature_the_request_is_unsigned() -> None:
    """So is one whose signature has another label than its input."""
    apart = signed()
    apart.headers["Signature"] = apart.headers["Signature"].replace("pyhms=", "other=")

    assert (verdict(Asked()), verdict(apart)) == ("unsigned", "unsigned")


def test_another_key_signs_for_nobody() -> None:
    assert verdict(signed(key=OTHER_KEY)) == "invalid"


@pytest.mark.parametrize(
    "change",
    [{"method": "PUT"}, {"target": "/v1/jit/other"}, {"target": "//v1/jit/resolve"}],
    ids=["method", "path", "slash"],
)
def test_what_is_signed_cannot_be_changed(change: dict[str, Any]) -> None:
    assert verdict(replace(signed(), **change)) == "invalid"


def test_a_changed_body_has_another_digest() -> None:
    """And who puts the digest of the changed body into the request cannot sign that."""
    request = replace(signed(), body=BODY.replace(b"ann", b"bob"))
    headers = {**request.headers, "Content-Digest": ContentDigest.create(request.body)}

    assert (verdict(request), verdict(replace(request, headers=headers))) == ("wrong_digest", "invalid")


@pytest.mark.parametrize("missing", COVERED)
def test_a_signature_that_leaves_something_out_is_not_enough(missing: str) -> None:
    """A digest that stands in the request unsigned is none."""
    assert verdict(signed(covered=tuple(name for name in COVERED if name != missing))) == "uncovered"


def test_without_a_digest_the_body_could_be_any() -> None:
    """Neither a request without one nor one that lost it counts."""
    never, lost = signed(covered=("@method", "@path")), signed()
    del never.headers["Content-Digest"], lost.headers["Content-Digest"]

    assert (verdict(never), verdict(lost)) == ("uncovered", "invalid")


@pytest.mark.parametrize(
    "digest",
    [
        "md5=:CY9rzUYh03PK3k6DJie09g==:",
        "sha-256=:CY9rzUYh03PK3k6DJie09g==:",
        "sha-256=text",
        "?",
        ContentDigest.create(b"other"),
        f"{ContentDigest.create(BODY)}, {ContentDigest.create(BODY)}",
        f"{ContentDigest.create(BODY)}, {ContentDigest.create(b'other').replace('256', '512')}",
    ],
)
def test_a_digest_that_is_not_the_bodys_does_not_count_though_signed(digest: str) -> None:
    """Weak sums fit many bodies, and of several digests all must fit."""
    assert verdict(signed(Asked(headers={"Content-Digest": digest}))) == "wrong_digest"


@pytest.mark.parametrize("age", [301, 100_000, -301, -100_000, NOW])
def test_a_signature_from_another_time_is_untimely(age: int) -> None:
    assert verdict(signed(age=age)) == "untimely"


def test_a_signature_that_has_run_out_is_untimely() -> None:
    assert verdict(signed(expires=datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=1))) == "untimely"


@pytest.mark.parametrize("nonce", [None, ""])
def test_without_a_nonce_nothing_shows_a_replay(nonce: str | None) -> None:
    assert verdict(signed(nonce=nonce)) == "no_nonce"


def test_a_request_counts_once() -> None:
    """Neither the same request again nor another one with its nonce counts, and what is refused uses no nonce up."""
    one = judge()
    words = [
        verdict(request, one)
        for request in (signed(key=OTHER_KEY), signed(), signed(), signed(Asked(body=b"{}")), signed(nonce="n2"))
    ]

    assert words == ["invalid", "good", "replayed", "replayed", "good"]


def test_a_nonce_is_remembered_for_as_long_as_its_signature_is_good() -> None:
    """Whoever signs five minutes ahead of time has ten; then the nonce is forgotten, and so is the signature."""
    times = iter([NOW - 300, NOW + 300, NOW + 300 + 1, NOW + 1_000])
    one = RequestSignatures(pem(), "here", lambda: next(times))

    assert [verdict(signed(age=age), one) for age in (0, 0, 0, -1_000)] == ["good", "replayed", "untimely", "good"]


def test_when_too_many_nonces_are_remembered_none_is_forgotten() -> None:
    """A replay stays one; what is new is refused until there is room again."""
    time = float(NOW)
    one = RequestSignatures(pem(), "here", lambda: time, nonces=2)
    words = [verdict(signed(nonce=nonce), one) for nonce in ("n1", "n2", "n3", "n1")]
    time += 901

    assert words == ["good", "good", "crowded", "replayed"]
    assert verdict(signed(nonce="n3", age=-901), one) == "good"


def test_the_oldest_nonces_are_forgotten_first() -> None:
    time = float(NOW)
    one = RequestSignatures(pem(), "here", lambda: time)
    words = [verdict(signed(), one)]
    time += 500
    words.append(verdict(signed(nonce="n2", age=-500), one))
    time += 401
    words += [verdict(signed(nonce=nonce, age=-901), one) for nonce in ("n2", "n1")]

    assert words == ["good", "good", "replayed", "good"]


def test_of_many_threads_with_one_request_a_single_one_gets_through() -> None:
    one, start, request = judge(), threading.Barrier(16), signed()

    def ask(_: int) -> str:
        start.wait()
        return verdict(request, one)

    with ThreadPoolExecutor(16) as pool:
        words = list(pool.map(ask, range(16)))

    assert sorted(words) == ["good", *["replayed"] * 15]


def test_one_good_signature_among_others_is_enough() -> None:
    """A proxy may sign as well, with a key that we do not know and by rules of its own."""
    request = signed(signed(key=OTHER_KEY, label="proxy", nonce=None, covered=("@method",)), label="ours")

    assert verdict(request) == "good"


def test_a_signature_may_stand_on_a_line_of_its_own() -> None:
    """A proxy adds lines rather than to change them; spaces around a value and the case of its name mean nothing."""
    ours, theirs = signed(label="ours"), signed(key=OTHER_KEY, label="proxy")
    added = [(name.title(), b"\t " + value + b" ") for name, value in theirs.lines() if name.startswith(b"signature")]

    judge().check(ours.method, ours.target, ours.authority, [*ours.lines(), *added], ours.body)


def test_of_several_faults_the_one_is_told_that_came_furthest() -> None:
    """Whoever looks for it learns what is wrong with their own signature, not with the proxy's."""
    request = signed(signed(label="ours", age=301), key=OTHER_KEY, label="proxy")

    assert verdict(request) == "untimely"


def test_whoever_signs_twice_cannot_come_twice() -> None:
    """The second signature alone, cut out of the first request, is a replay too."""
    one = judge()
    both = signed(signed(label="a", nonce="n1"), label="b", nonce="n2")
    words = [verdict(both, one), verdict(signed(label="b", nonce="n2"), one), verdict(both, one)]

    assert words == ["good", "replayed", "replayed"]


def test_more_than_eight_signatures_are_not_even_looked_at() -> None:
    request = Asked()
    words = []
    for number in range(9):
        signed(request, label=f"s{number}", nonce=f"n{number}")
        words.append(verdict(request))

    assert words == ["good"] * 8 + ["malformed"]


def test_too_long_headers_are_not_read() -> None:
    request = signed()
    request.headers["X-Long"] = "x" * 16_384

    assert verdict(request) == "malformed"


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
def test_a_label_that_stands_twice_is_malformed(name: str) -> None:
    """Which of the two holds would be a matter of who reads it."""
    request = signed()
    lines = [*request.lines(), (name.encode(), request.headers[name].encode())]

    with pytest.raises(SignatureRefused, match="malformed"):
        judge().check(request.method, request.target, request.authority, lines, request.body)


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        ("/other", "jit.example.org/v1/jit/resolve?"),
        ("/other", "jit.example.org/v1/jit/resolve#"),
        ("/v1/jit/resolve#other", "jit.example.org"),
        ("/v1/jit/resolve", "somebody@jit.example.org"),
        (".example.org/v1/jit/resolve", "jit"),
        ("*", "jit.example.org"),
        ("", ""),
    ],
)
def test_no_part_of_the_address_passes_for_another(target: str, authority: str) -> None:
    """A signature for one path must not count for a path that a Host header hides."""
    assert verdict(replace(signed(), target=target, authority=authority)) == "malformed"


@pytest.mark.parametrize("authority", ["", "jit example", "jit.example.org:x", "bücher.example", "[::1", "\ud800"])
def test_a_strange_host_is_refused(authority: str) -> None:
    assert verdict(replace(signed(), authority=authority)) == "invalid"


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ('alg="ed25519"', "alg=ed25519"),
        ('keyid="k";', ""),
        (f"created={NOW}", f"created={NOW}.0"),
        (f"created={NOW};", ""),
        ('nonce="n1"', 'nonce="n2"'),
        ('"@path"', '"@path";req'),
        ('"@path"', '"@path" "@path"'),
        ('"@path"', '"@path" "x-none"'),
    ],
)
def test_the_parameters_are_signed_too(given: str, instead: str) -> None:
    request = signed()
    assert given in request.headers["Signature-Input"]
    request.headers["Signature-Input"] = request.headers["Signature-Input"].replace(given, instead)

    assert verdict(request) == "invalid"


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        (f';created={NOW};keyid="k";nonce="n1"', "good"),
        (';keyid="k";nonce="n1"', "untimely"),
        (f';created={NOW}.0;keyid="k";nonce="n1"', "invalid"),
        (f';created={NOW};nonce="n1"', "invalid"),
        (f';created={NOW};keyid="k";nonce=n1', "invalid"),
        (f';created={NOW};keyid="k";nonce="n1";alg="rsa-pss-sha512"', "invalid"),
    ],
    ids=["good", "no time", "no whole time", "no keyid", "no text", "another alg"],
)
def test_whoever_signs_without_the_library_keeps_to_the_rules_too(parameters: str, word: str) -> None:
    """The text to sign is written here by hand, as RFC 9421, 2.5 says."""
    digest = ContentDigest.create(BODY)
    what = f'("@method" "@path" "content-digest"){parameters}'
    lines = [
        '"@method": POST',
        '"@path": /v1/jit/resolve',
        f'"content-digest": {digest}',
        f'"@signature-params": {what}',
    ]
    made = b64encode(KEY.sign("\n".join(lines).encode())).decode()
    headers = {"Content-Digest": digest, "Signature-Input": f"s={what}", "Signature": f"s=:{made}:"}

    assert verdict(Asked(headers=headers)) == word


def test_the_example_of_the_rfc_verifies_and_covers_too_little() -> None:
    """RFC 9421, B.2.6: the signature fits the request, but leaves the digest out."""

    def word(headers: list[tuple[bytes, bytes]]) -> SignatureFault:
        with pytest.raises(SignatureRefused) as refused:
            RequestSignatures(RFC_KEY, "here", lambda: 1_618_884_473.0).check(
                "POST", "/foo?param=Value&Pet=dog", "example.com", headers, b'{"hello": "world"}'
            )
        return refused.value.fault

    changed = [(name, value.replace(b"02:07:55", b"02:07:56")) for name, value in RFC_HEADERS]

    assert (word(RFC_HEADERS), word(changed)) == (SignatureFault.UNCOVERED, SignatureFault.INVALID)


def test_the_digest_of_the_rfc_fits_its_body() -> None:
    """RFC 9421, B.2 has a digest with sha-512."""
    digest = dict(RFC_HEADERS)[b"Content-Digest"].decode()

    assert verdict(signed(Asked(body=b'{"hello": "world"}', headers={"Content-Digest": digest}))) == "good"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bücher",
        "\ud800",
        pem().replace("M", "N", 1),
        pem(generate_private_key(SECP256R1())),
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    ],
    ids=["empty", "words", "surrogate", "damaged", "another kind", "private"],
)
def test_what_is_no_public_key_is_a_matter_of_configuration(text: str) -> None:
    """The message says where it stands and how to make one, and nothing of what stands there."""
    with pytest.raises(ConfigError) as refused:
        RequestSignatures(text, "/etc/migrator/public.pem", lambda: NOW)

    assert refused.value.message == "/etc/migrator/public.pem: this is no Ed25519 public key in PEM form."
    assert "openssl" in refused.value.fix
